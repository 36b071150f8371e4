"""Second factors: who must hold one, how it is proved between sign-in and session and before what is delicate."""
