"""English nicknames, in groups of names that one person may go by. Two groups do not meet through a third."""

from __future__ import annotations

from typing import Final

_GROUPS: Final = """
abigail abby abbie gail; abraham abe bram; adelaide addie adela heidi; adeline addie aline; agatha aggie; agnes aggie
nessa; albert al bert bertie; alexander alex al alec sandy xander; alexandra alex alexa sandra sandy lexi; alfred al
alf alfie fred; alice ali ally allie; allan alan allen al; alison allison ali ally allie; alonzo al lon lonnie; alvin
al vin; amanda mandy manda; amelia amy millie emily; amos moses; anastasia stacy stacey ana; andrea andy andi drea;
andrew andy drew; angela angie; angelina angie lina; ann anne anna annie nan nancy; annabelle ann anna belle; antonia
toni tonia; anthony tony ant; antonio tony toni; archibald archie arch; arlene lena arly; arnold arnie; arthur art
artie; augustus gus august augie; barbara barb barbie babs bobbie; bartholomew bart; beatrice bea trixie beatrix;
belinda linda bel; benedict ben; benjamin ben benny benji; bernadette bernie detta; bernard bernie barney; bertha bert
bertie; beverly bev; bradford brad; bradley brad; brandon brand; brenda brandy; bridget bridie biddy; calvin cal;
cameron cam; camilla millie cami; carl charles; carol carole carrie caroline; caroline carolyn carrie carol lina;
cassandra cassie sandra sandy; catherine cathy cate kate katie kathy kitty cat; cecilia celia cissy sissy; charles
charlie chuck chas chip chaz; charlotte lottie charlie lotta; chester chet; christian chris; christina christine chris
chrissy tina christy; christopher chris kit topher kris; clara claire clare; clarence clarry; clayton clay; clifford
cliff; clinton clint; constance connie; cordelia delia; cornelius neil con corny; courtney court; curtis curt; cynthia
cindy cyndi; daniel dan danny; danielle dani ella; darlene darla; david dave davy davey; deborah debra deb debbie
debby; delores dolores dee lola lolly; dennis denny den; diana diane dinah di; dominic dom nick; donald don donnie
donny; donna donnie; dorothy dot dottie dolly dora thea; douglas doug; duncan dunc; dwight dewey; edgar ed eddie;
edith edie; edmund ed eddie ned ted; edward ed eddie ned ted teddy; edwin ed eddie; eileen helen aileen; eleanor ellie
nell nora ellen elinor lenora; elijah eli; elizabeth liz beth betty eliza lizzie libby betsy bess bessie lisa elsie
elisabeth; ellen nell ellie; elmer el; emanuel manny manuel; emily em emmy millie; emma em emmy; eric rick; ernest
ernie; esther essie hester hettie; ethel ettie; eugene gene; eugenia genie gena; eunice nicie; evelyn eve evie lyn;
ezekiel zeke; ezra ez; felicia fee felice; ferdinand ferdie; florence flo flossie flora; frances fran fanny francie
frankie sis; francis frank fran frankie; franklin frank; frederica freddie freda rica; frederick fred freddie freddy
rick fritz; gabriel gabe; gabrielle gabby gabi elle; garrett gary; genevieve gen jenny viv; geoffrey jeff geoff
jeffrey; george georgie; georgia georgie; georgina gina georgie; gerald gerry jerry; geraldine gerry jerry geri;
gertrude gert gertie trudy; gilbert gil bert; glenn glen; gordon gordie; grace gracie; gregory greg gregg; gretchen
greta; gwendolyn gwen wendy; harold hal harry; harriet hattie harrie; harrison harry; harvey harve; helen nell ellie
lena ella; henrietta hettie etta hattie henny; henry hank harry hal; herbert herb bert; herman manny; hezekiah hez;
hilary hil; homer home; horace horry; howard howie; hubert hugh bert; hugh hughie hubert; ignatius iggy; ira irie;
irene rene; irving irv; isaac ike zac; isabel isabelle belle bella izzy isabella; isadora dora izzy; isaiah zay;
israel izzy; jackson jack; jacob jake jay; jacqueline jackie jacky; james jim jimmy jamie jem; jane janie jenny janet
jean; janet jan jane; janice jan; jasmine jazz; jason jay; jeanette jean jeannie nettie janet; jeannine jean; jennifer
jen jenny jenn; jeremiah jerry jeremy; jeremy jerry; jerome jerry; jessica jess jessie; jessie jesse jess; joan joanie
jo; joanna joanne jo joan; john jack johnny jon; jonathan johnathan jon john jonny nathan; joseph joe joey jo;
josephine jo josie josey fina; joshua josh; joyce joy; juan john; juanita nita; judith judy judi; julia julie jule;
julian jule jules; juliana julie liana; julius jule; justin jus; karen kari;
katherine kathryn kate kathy katie kay kitty kat kit
kathleen; kathleen kathy kate kay katie; kelly kel; kenneth ken kenny; kevin kev; kimberly kim kimmy; kirsten kris;
kristen kris kristy krista; kristina kristine kris tina kristy; laura laurie lori; laurence lawrence larry laurie lars
lon; lavinia vinnie; leah lea; leander lee; lee leigh; leo leon; leonard leo len lenny; leroy roy lee; leslie les;
lester les; letitia lettie tish; lewis louis lou; lillian lily lil lilly; linda lindy lynn; lloyd floyd; lois louise;
lorenzo loren; lorraine lorrie lori raina; lou louis; louis lou louie; louise lou lulu; lucas luke; lucille lucy lou;
lucinda lucy cindy; lucretia lucy; lydia liddy; lynette lynn lyn; madeline maddie maddy lena; magdalena maggie lena
magda; malcolm mal; manuel manny; marcella marcy; marcia marcie; marcus marc mark; margaret maggie meg peggy marge
margie greta rita madge daisy margo marjorie; marian marion mary; marianne mary ann maryann; maribel mary belle;
marilyn mary lyn; marjorie marge margie; marshall marsh; martha marty mattie patty; martin marty mart; marvin marv;
mary molly polly mamie mae may minnie; matilda tilly mattie maud; matthew matt matty; maureen mo reenie; maurice
morris mo morry; maxine max; maxwell max; megan meg; melanie mel; melinda mel mindy linda; melissa mel missy lissa;
melvin mel; mercedes mercy sadie; meredith merry; michael mike mickey mick mitch micky; michelle shelly micky; mildred
millie milly; milton milt; minerva minnie; miranda mandy randy; miriam mimi mitzi; mitchell mitch; monica mona;
montgomery monty; mortimer mort; morton mort; muriel mur; myron ron; nadine nada; nancy nan ann; naomi omi; natalie
nat; natasha tasha nat; nathan nate nat; nathaniel nate nat nathan; nicholas nick nicky nico; nicole nicky nikki; noah
noe; norma norm; norman norm; obadiah obie; octavia tavy; oliver ollie; olivia liv livvy ollie; oscar os; oswald
ozzie; otto otis; pamela pam; patience pat patty; patricia pat patty trish tricia patsy; patrick pat paddy rick; paul
pauly; paula polly; pauline paula polly; penelope penny; percival percy; peter pete; philip phil pip phillip; phyllis
phyl; priscilla cilla prissy; prudence prue; quentin quint; rachel rae; ralph rafe; ramona mona; randall randy rand;
randolph randy rand; raymond ray; rebecca becky becca beck; reginald reg reggie rex; regina gina; reuben rube; rhoda
rodie; richard rick ricky dick rich richie; robert bob bobby rob robbie bert robin; roberta bobbie robbie bert;
roderick rod rick; rodney rod; roger rodge; roland rollie; ronald ron ronnie; rosalind ros rosie linda; rosalie rose
rosie; rosemary rose rosie mary; rosanna rose anna roseanne; roxanne roxie roxy; rudolph rudy dolph; rufus rufe;
russell russ rusty; ruth ruthie; sabrina brina; samantha sam sammy; samuel sam sammy; sarah sara sally sadie; scott
scotty; sebastian seb bastian; seymour sy; sharon shari sherry; shelby shel; sheldon shelly; shirley shirl; sidney sid
sydney; silas si; silvester sylvester sly vester; simon si; solomon sol; sophia sophie; stanley stan; stella estelle;
stephanie steph steffi; stephen steven steve stevie; stewart stuart stu; susan sue susie suzy suzanne susanna; suzanne
sue suzy; sylvia syl; tabitha tabby; tamara tammy; terence terrence terry; teresa theresa terry tess tessa tracy;
thaddeus thad ted; thelma tel; theodora dora thea teddy; theodore ted teddy theo; thomas tom tommy; tiffany tiff;
timothy tim timmy; tobias toby; tristan tris; ulysses lys; ursula ursa; valerie val; vanessa nessa; vernon vern;
veronica ronnie vera; victor vic; victoria vicky vickie tori; vincent vin vinny vince; viola vi; violet vi; virginia
ginny ginger gina; vivian viv; wallace wally; walter walt wally; wanda wendy; wesley wes; wilbur will; wilfred will
fred; wilhelmina mina billie willa minnie; willard will; william bill billy will willy liam; willis will; winifred
winnie freda; winston win; woodrow woody; yolanda yoli; yvonne vonnie; zachary zach zack zak; zelda grizelda
"""

_groups_of: dict[str, set[int]] = {}
for _number, _group in enumerate(_GROUPS.split(";")):
    for _name in _group.split():
        _groups_of.setdefault(_name, set()).add(_number)


def is_known(name: str) -> bool:
    """Whether `name` (a key of `ladder.name_key`) is an English name of the table."""
    return name in _groups_of


def are_nicknames(one: str, other: str) -> bool:
    """Whether one person may go by both: "william" and "bill" and "will", but not "ned" and "al"."""
    held = _groups_of.get(one)
    return held is not None and not held.isdisjoint(_groups_of.get(other, ()))
