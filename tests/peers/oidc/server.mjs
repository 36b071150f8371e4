// A certified OpenID provider for the tests: node server.mjs PORT PORTAL CLIENT SECRET SLUG
// Whoever signs in is the name that they type; "unconfirmed" has an address that was never confirmed.
import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const [port, portal, client, secret, slug] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = await generateKeyPair("RS256", { extractable: true });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      redirect_uris: [`${portal}/sso/callback`],
      post_logout_redirect_uris: [`${portal}/sso/signed-out`],
      backchannel_logout_uri: `${portal}/sso/back-channel/${slug}`,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), use: "sig", alg: "RS256", kid: "peer-1" }] },
  cookies: { keys: [randomBytes(24).toString("hex")] },
  pkce: { required: () => true, methods: ["S256"] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true } },
  claims: {
    openid: ["sub", "sid", "auth_time"],
    email: ["email", "email_verified"],
    profile: ["given_name", "family_name", "groups"],
  },
  conformIdTokenClaims: false,
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@summit.example`,
      email_verified: id !== "unconfirmed",
      given_name: "Peer",
      family_name: id,
      groups: ["everybody", `${id}-group`],
    }),
  }),
});
provider.on("server_error", (context, error) => console.error(error));
provider.on("backchannel.error", (context, error) => console.error("back-channel", error));
provider.listen(Number(port), "127.0.0.1", () => console.log(`ready ${issuer}`));
