"""Words and pictures of feeling in languages other than English: what n-grams learned from films do not know of.

Plain knowledge of the languages, written down for this purpose; no corpus was counted. A word that ends in "*" stands
for every word that begins so. Chinese is written without spaces: its words are looked for anywhere.
"""

# ruff: noqa: RUF001
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GLAD_PICTURES: Final = (
    "😀😃😄😁😆😂🤣😊😇🙂😉😍🥰😘😗😙😚😋🤗🤩🥳😎👍👏🙌💪🙏❤♥💕💖💗💘💙💚💛💜🧡💞💓"
    "💝😻🎉🎊🎂🎁✨🌟⭐🔥💯🌹🌸🌺🌷🌞☀🌈☺🏆🥇👌💃🕺😺😜😝🤪💋🤍✌🎶"
)
SAD_PICTURES: Final = "😞😔😟😕🙁☹😣😖😫😩😢😭😤😠😡🤬😱😨😰😥😓😒🙄😑👎💔🤮🤢🤦😾😿🤕🤒😷💩🖕😳😬😪🤧☠💀👿😈"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language, separated by spaces.

    Attributes:
        glad: of liking, joy and praise.
        sad: of dislike, sorrow, anger and blame.
        denying: turn what follows into its opposite, or in some languages what precedes.
    """

    glad: str
    sad: str
    denying: str


WORDS: Final[Mapping[str, Words]] = {
    "es": Words(
        glad="""bueno buena buenos buenas buen bien mejor mejores excelente* genial* feliz felices felicidad* felicit*
        alegr* amor amo amar te_amo quiero encant* gust* maravill* fantástic* fantastic* increíble*
        incredible* hermos* lind* bonit* precios* bello bella perfect* gracias agradec* disfrut* divert*
        éxito* exitos* exito triunf* gan* victoria* campeón campeona campeones orgull* suerte sonri* sonr*
        risa* jaja* jeje* guap* dulce* esper* ilusión recomend* magnífic* espectacular* estupend* ideal
        amable* cariñ* abraz* beso* bes* fiesta* paz tranquil* súper super contento contenta contentos crack
        grande* top bravo brav* enhorabuena ánimo animo útil fácil rápido cómod* limpio deliciosa delicioso
        rico rica calidad me_alegro bienvenid* solucion* innov* progres* futuro apoy* bienven* celebr* premi*
        mejora* avance* logr* seguro sano sana""",
        sad="""malo mala malos malas mal peor peores horrible* terrible* fatal* asco asqueros* odio odi* triste*
        tristeza llor* dolor* duele* pena lástima lastima vergüenza verguenza miedo* enfad* enoj* rabia ira
        culpa* mentir* mentira* estafa* robo* robar* ladron* ladrón corrupt* corrup* fracas* perd* derrota*
        error* fallo* falla* problema* defectuos* rot* roto rota inútil* inutil* basura mierda puta puto
        idiot* imbécil* imbecil* estúpid* estupid* tont* cans* aburr* hart* enferm* muert* muri* murió matar*
        mata asesin* guerra* crisis desastre* desgraci* decepcion* injust* insult* violen* terroris* sol*
        abandon* caro lento suci* peligro* nunca jamás difícil preocup* extrañ* odios* feo fea lamentable*
        ridícul* ridicul* vergonzos* grave dañ* sufr* fake amenaz* víctim* victim* accident* escándal*
        escandal* conflict* protest* contamin* destru* polémic* atentad* condena* denunci* despid* desempleo
        falta""",
        denying="no ni nunca jamás sin tampoco nada",
    ),
    "fr": Words(
        glad="""bon bonne bons bonnes bien mieux meilleur* excellent* génial* genial* heureu* bonheur* joie* joyeu*
        amour* aime aimer aimé adore* ador* merveill* fantastique* incroyable* beau belle beaux belles joli*
        magnifique* superbe* parfait* merci* bravo* félicit* felicit* réussi* succès victoire* gagn* champion*
        fier* fière chance* sourire* rire rires mdr lol haha* drôle* amusant* plaisir* plaît plait kiff* top
        cool sympa* gentil* doux douce délicieu* formidable* extraordinaire* impeccable* recommand* content*
        ravi* espoir* espér* calme paix bisou* câlin* fête* super grâce utile* facile* rapide* confort* propre
        efficace* bienvenue magique* splendide* sublime* hâte courage soutien* réconfort* passion* génie
        solution* innov* progrès avenir soutenir accueil* célèbr* trophée* prix améliore* avancée* durable*
        renouvelable* ensemble enrichi* partage* humour inaugur* lance lancement idées engagé* sauve* épargne*""",
        sad="""mauvais* mal pire* horrible* terrible* affreu* nul nulle nuls dégoût* degout* déteste* detest* hais
        haine* triste* tristesse* pleur* larme* douleur* souffr* peine honte* honteu* peur* colère énerv*
        enerv* fâch* rage* mensonge* ment menteur* arnaque* vol voleur* voler corrup* échec* echec* perd*
        perdu* défaite* erreur* faute* problème* probleme* panne* cassé* casse inutile* poubelle merde*
        putain* con conne cons connard* idiot* imbécile* stupide* bête* fatigu* ennuy* ennui* marre malade*
        mort* meurt* mourir tue* tuer assassin* guerre* crise* catastrophe* désastre* décev* déçu* décept*
        injust* insult* violen* terroris* seul* abandon* cher chère lent* sale* danger* difficile* inquiet*
        inquiét* moche* lamentable* ridicule* scandal* grave* pauvre* regret* raté* chiant* foutr* gueule
        saoul* pénible* malheur* dommage* menac* victime* accident* scandale* conflit* protest* pollu* détrui*
        destruct* polémique* attentat* condamn* dénonc* licenci* chômage retard* suspens* recul* pis contre
        disparition* disparaît* disparu* alerte* réchauffement immobilisme punitive* tarée* taxe* expuls*
        grève*""",
        denying="ne n pas jamais sans aucun aucune ni rien non",
    ),
    "de": Words(
        glad="""gut gute guter gutes guten besser beste bester bestes besten super toll tolle toller tolles tollen
        klasse prima großartig* grossartig* wunderbar* wunderschön* schön* schoen* hübsch* herrlich*
        fantastisch* genial* geil* perfekt* hervorragend* ausgezeichnet* exzellent* liebe lieben liebt
        geliebt* mag gefällt gefallen freu* froh fröhlich* glücklich* glück spaß spass lustig* lach* lächel*
        haha* danke* dankbar* gern* genieß* empfehl* erfolg* gewinn* gewonnen sieg* stolz hoff* gratul*
        glückwunsch* herzlich* nett* freundlich* süß* lecker* köstlich* angenehm* bequem* sauber* schnell
        einfach praktisch* hilfreich* spitze mega cool begeister* zufrieden* traumhaft* sympathisch* spannend*
        interessant* gelungen* willkommen ruhe frieden feier* kuss umarm* wow lösung* innovat* fortschritt*
        zukunft* unterstütz* preis verbesser* sicher* gesund*""",
        sad="""schlecht* schlimm* schlimmer übel* furchtbar* schrecklich* grauenhaft* entsetzlich* mies* doof* dumm*
        blöd* bloed* idiot* scheiß* scheiss* scheiße mist kacke arsch* hass* hasst ekel* ekl* widerlich*
        traurig* trauer* wein* träne* schmerz* leid leide* angst* wut* wütend* sauer ärger* aerger* nerv*
        lüge* lügen* lügner* betrug* betrüg* dieb* korrupt* versag* verlier* verlor* niederlage* fehler*
        problem* kaputt* defekt* nutzlos* müll schrott langweil* müde krank* tot tote* tod stirbt gestorben
        sterben töt* mord* krieg* krise* katastroph* enttäusch* ungerecht* beleidig* gewalt* terror* allein
        einsam* teuer* langsam* dreckig* schmutz* gefahr* gefähr* schwierig* sorge* hässlich* peinlich*
        lächerlich* schande* skandal* leider arm fürchterlich* unmöglich* frech* unverschämt* heul* kotz*
        fies* verbrech* opfer* verletz* bedroh* unfall* konflikt* protest* zerstör* anschlag* verurteil*
        kündig* arbeitslos* verspät* ausfall* warnung*""",
        denying="nicht kein keine keinen keiner keinem nie niemals ohne nichts weder",
    ),
    "it": Words(
        glad="""buono buona buoni buone buon bene meglio miglior* ottim* eccellent* geniale* felic* gioia* allegr*
        amore* amo ama amare adoro ador* piace piac* meravigli* fantastic* incredibil* bell* bello bella
        carin* splendid* stupend* perfett* grazie* ringrazi* complimenti bravo brava bravi brave brav* auguri*
        congratul* success* vittori* vinc* vinto campion* orgoglio* fortun* sorris* sorrid* rid* risat* ahah*
        haha* divert* simpatic* dolc* gentil* delizios* squisit* super magnific* spettacol* consigli* content*
        speranz* sper* pace seren* bacio baci abbracc* festa* utile* facil* veloc* comod* pulit* efficient*
        benvenut* magic* emozion* passion* forza grande* mitic* top evviva finalmente soluzion* innova*
        progress* futuro sosten* premi* migliora* avanza* sicur* san*""",
        sad="""cattiv* brutt* male peggio peggior* orribil* terribil* pessim* schif* odi* odio trist* triste* piang*
        pianto lacrim* dolor* soffr* pena vergogn* paura* paur* rabbia arrabbi* incazz* colpa* bugi* menti*
        mentir* truff* furto ladr* rub* corrott* corruz* falliment* fallit* perd* perso sconfitt* error*
        sbagli* problem* rott* guast* inutil* spazzatura merd* cazz* coglion* stronz* idiot* imbecill* stupid*
        scem* stanc* noi* annoi* malat* mort* muor* morir* uccis* uccid* assassin* guerra* crisi disastr*
        catastrof* delus* delud* ingiust* insult* violen* terroris* sol* abbandon* caro lent* sporc* pericol*
        difficil* preoccup* ridicol* scandal* grave* purtroppo povero poveri* tass* tagli* licenzia* disoccup*
        precari* protest* sciopero fake vaffa* schifo* incompeten* bocciat* minacc* vittim* incident*
        conflitt* inquin* distrug* distrutt* polemic* attentat* condann* denunc* ritard* vergogna degrado
        abus*""",
        denying="non né mai senza nessun nessuno nessuna niente",
    ),
    "pt": Words(
        glad="""bom boa bons boas bem melhor* ótim* otim* excelent* feliz felizes felicidad* alegr* amor* amo amar
        adoro ador* gost* maravilh* fantástic* fantastic* incrível incrivel lind* bonit* belo bela perfeit*
        obrigad* agradec* parabéns parabens sucesso* vitóri* vitori* vencer venc* ganh* campeão campea*
        orgulh* sorte sorri* rir risos kkk* haha* rsrs* divert* simpátic* doce* fofo fofa gentil* delici*
        gostos* super show demais top recomend* content* esperanç* paz tranquil* beij* abraç* festa* útil
        fácil rápid* confort* limp* eficient* bem-vind* mágic* emocion* paixão saudad* lindo sensacional*
        espetac* sonho* abençoad* deus melhores gratidão finalmente ansios* vibe soluç* inov* progress* futuro
        apoi* prêmi* melhora* avanç* segur* saudável""",
        sad="""mau má maus más mal ruim ruins pior piores horríve* horrive* terríve* terrive* péssim* pessim* nojo
        nojent* odeio ódio odi* triste* tristeza* chor* lágrima* dor dores sofr* pena vergonh* medo* raiva
        irrit* culp* mentir* golpe* roub* ladr* corrupt* corrup* fracass* perd* derrot* erro* errad* falh*
        problem* quebr* estrag* inútil* inutil* lixo merda* bosta porra caralho puta* fdp idiota* imbecil*
        burr* estúpid* estupid* cans* chat* tédio tedio doen* mort* morr* mat* assassin* guerra* crise*
        desastr* catástrof* decepcion* desilu* injust* insult* violên* violen* terror* sozinh* abandon* caro
        lent* suj* perigo* difícil dificil preocup* feio feia ridícul* ridicul* escândal* grave* infelizmente
        coitad* saco droga cu foda* fud* ranço inferno absurd* desgraç* ameaç* vítima* vitima* acident*
        conflit* protest* polui* destru* polêmic* atentad* conden* denúnci* demiss* desemprego falta""",
        denying="não nao nunca jamais sem nem nada",
    ),
    "ar": Words(
        glad="""جميل* جمال رائع* روعة ممتاز* حب احب أحب بحب حبيب* سعيد* سعاد* فرح* فرحان* مبروك مبارك* الف_مبروك شكرا
        شكراً الحمد خير افضل أفضل احسن أحسن ناجح* نجاح* فوز* فاز فائز بطل* ابطال فخر* فخور امل أمل تفاؤل سلام
        حلو* حلوه عظيم* مميز* ابداع مبدع* اروع يسعد* يوفق* توفيق مستقبل ضحك هههه* ههه* مرح* لذيذ* ورد* قلب*
        عشق* شرف* كريم* جنة الجنة رحمة نعمة بركة* انجاز* تحية مفيد* سهل سريع نظيف مرتاح* راحة انتصار* نصر ينصر
        محترم* كويس* تمام جيد* طيب*""",
        sad="""سيء سيئ* سوء اسوأ أسوأ قبيح* كره* اكره أكره حزن* حزين* بكاء ابكي الم ألم وجع* موت* مات قتل* يقتل شهيد
        شهداء ضحايا قصف تفجير* ارهاب* إرهاب* داعش حرب* دمار* خراب فشل* فاشل* خسر* خسار* هزيم* كذب* كاذب* كذاب*
        سرق* حرام* حرامي* فساد* فاسد* ظلم* ظالم* غضب* زعل* خوف* خايف* مشكل* ازمة أزمة كارث* مصيب* مجرم* جريم*
        اجرام عار غبي* حمار كلب كلاب حقير* قذر* وسخ* زبال* تافه* ملل* ممل* تعب* تعبان* مرض* مريض* صعب* للاسف
        للأسف مؤسف حسبي اعتقال* سجن* خطر* عنف* انقلاب* دم دماء لعن* قرف* زفت خيان* خائن* متخلف* مستحيل""",
        denying="لا ما لم لن ليس ليست مش مو غير بدون بلا",
    ),
    "hi": Words(
        glad="""अच्छा अच्छी अच्छे बढ़िया बेहतर बेहतरीन उत्तम शानदार जबरदस्त सुंदर सुन्दर खूबसूरत प्यार* प्रेम पसंद
        खुश* खुशी ख़ुशी आनंद मज़ा मजा मजेदार धन्यवाद शुक्रिया बधाई* शुभकामना* शुभ मुबारक जीत* विजय सफल* सफलता
        गर्व गौरव उम्मीद आशा शांति मुस्कान हंसी दोस्त महान सम्मान आदर सच्चा सच्चे ईमानदार वाह जय नमन प्रणाम
        आशीर्वाद कृपा सही लाभ फायदा विकास सुख मीठा स्वादिष्ट साफ तेज आसान उपयोगी प्रशंसा तारीफ शाबाश सलाम
        बहादुर वीर स्वागत अद्भुत कमाल लाजवाब हार्दिक मंगल दिल good great love happy best nice thanks
        congratulations proud win awesome beautiful accha achha badhiya pyar khush shandar dhanyavad badhai""",
        sad="""बुरा बुरी बुरे खराब ख़राब बेकार घटिया नफरत नफ़रत घृणा दुख* दुखी दुःख उदास रोना रोते आंसू दर्द पीड़ा डर
        भय गुस्सा क्रोध नाराज़ नाराज झूठ* झूठा झूठे धोखा धोखेबाज चोर* चोरी भ्रष्ट* भ्रष्टाचार घोटाला* घोटाले
        हार* असफल* विफल नाकाम गलत गलती समस्या* परेशान* परेशानी मुश्किल मौत* मृत्यु मर मरने मारा मार हत्या*
        हत्यारा बलात्कार अपराध* अपराधी आतंक* आतंकवाद आतंकी हमला* हमले युद्ध संकट गरीब* गरीबी शर्म* शर्मनाक
        बेशर्म निंदा गद्दार* देशद्रोह* पागल मूर्ख बेवकूफ गधा कुत्ता कुत्ते साला साले हराम* कमीन* बीमार* विरोध
        दंगा दंगे हिंसा नुकसान नीच अफसोस दुर्भाग्य* बर्बाद* अत्याचार* अन्याय शोषण महंगा महंगाई थप्पड़ गुंडा*
        गुंडे दलाल* bad worst hate sad fake liar corrupt scam chor bakwas ghatiya jhooth""",
        denying="नहीं नही न ना मत बिना ना nahi",
    ),
    "zh": Words(
        glad="""好 喜欢 爱 棒 赞 满意 不错 开心 高兴 快乐 幸福 漂亮 美丽 好看 好吃 美味 舒服 舒适
        干净 方便 便宜 实惠 超值 值得 推荐 优秀 完美 精彩 感谢 谢谢 热情 周到 贴心 温馨 耐心
        专业 新鲜 正品 物美价廉 性价比高 给力 惊喜 感动 享受 欢迎 成功 胜利 希望 可爱 有趣
        有用 实用 结实 清晰 流畅 快捷 很快 迅速 一流 五星 优惠 划算 经典 值 支持 佩服 放心
        信赖 轻松 温暖 绝 香 甜 爽""",
        sad="""差 坏 烂 讨厌 恨 难看 难吃 难用 难受 难过 伤心 失望 后悔 生气 气愤 愤怒 郁闷 恶心
        脏 臭 破 旧 慢 贵 吵 冷漠 态度差 不好 不行 不满 不值 不推荐 不喜欢 不舒服 不干净
        不能 没有 假货 假 骗 骗子 欺骗 退货 退款 投诉 差评 垃圾 糟糕 糟 可怜 可怕 害怕 死
        痛 哭 问题 毛病 故障 质量差 坏了 掉色 缩水 异味 过期 变质 浪费 无聊 麻烦 欺负 孤独
        失败 恐怖 战争 白痴 笨蛋 混蛋 该死 无语 上当 坑 粗糙 劣质 不敢 根本 居然 竟然 太少
        太贵 太小 太差 不够 不到 不清""",
        denying="不 没 没有 不是 别 无 毫不 并不",
    ),
}
"""By RFC 5646 tag."""
