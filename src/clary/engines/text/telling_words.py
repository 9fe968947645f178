"""Words that tell close languages apart: everyday words which one of them writes and its neighbours do not.

Plain knowledge of the languages, written down for this purpose; no corpus was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MALAY: Final = """
kerana bahawa ialah iaitu daripada sahaja boleh mahu cuba wang kerajaan syarikat pejabat polis universiti projek semasa
apabila pelbagai kumpulan lapan bandar awak encik puan datuk dato kereta julai ogos disember isnin khamis jumaat ahad
ringgit malaysia melayu sabah sarawak lumpur johor kedah perak pahang selangor terengganu kelantan perlis menerusi
manakala sekiranya bagaimanapun sehingga hendaklah disebabkan bekas pengarah jawatankuasa kementerian persekutuan
parlimen mesyuarat perkhidmatan pelajar pekerja peringkat majlis berkenaan dijangka turut minit tiada televisyen filem
muzik percuma bilangan peratus kualiti aktiviti cukai kilang lebuhraya kesihatan jururawat berbanding selepas petang
hujung suspek mahkamah peguam tertuduh pasaran faedah pinjaman agensi ianya kerjasama setiausaha pengerusi naib
perniagaan pelabur pelancong ahli beliau baharu sebarang memandangkan stesen kelab pasukan perlawanan pemain jurulatih
skuad bola sepak kejohanan basikal lapangan terbang bas teksi tayar enjin kos komputer internet rangkaian pengguna
"""
INDONESIAN: Final = """
karena bahwa yaitu yakni saja bisa mau coba uang pemerintah perusahaan kantor polisi universitas proyek ketika saat
berbagai kelompok delapan kota mobil juli agustus desember maret senin kamis jumat minggu rupiah indonesia jakarta
surabaya bandung jawa sumatera melalui sedangkan jika namun hingga sehingga direktur komite kementerian federal rapat
layanan mahasiswa siswa pekerja tingkat dewan tersebut menit televisi film musik gratis jumlah persen kualitas
aktivitas pajak pabrik kesehatan dibandingkan setelah sore akhir tersangka pengadilan pengacara terdakwa pasar bunga
pinjaman lembaga merupakan kerja sama sekretaris ketua wakil bisnis investor wisatawan anggota sebuah seorang para
maupun agar antara lain sudah masih belum juga bagi beberapa stasiun klub tim pertandingan pemain pelatih sepeda
bandara bus taksi mesin biaya komputer jaringan pengguna kalau enggak tak kami anda dia ia warga daerah
kabupaten kecamatan bupati gubernur partai masyarakat oleh soal usai
"""
BOSNIAN: Final = """
hiljada hiljade tačno tačka sedmica sedmice sedmicu sedmici uslov uslovi uslova historija historije historijski
historijske hljeb fudbal fudbaler fudbalski muzika muzike univerzitet univerziteta evropa evrope evropi evropske
evropski porodica porodice porodici ko šta saradnja saradnje saradnju tokom opština općina općine općini sarajevo
sarajeva sarajevu bosna bosne bosni bosanski bosanske hercegovina hercegovine hercegovini bih federacija federacije
entitet entiteta kanton kantona tuzla tuzle tuzli mostar mostaru zenica zenici banja srpska srpske januar januara
februar februara mart marta april aprila maj maja juni juna juli jula august augusta avgusta septembar septembra
oktobar oktobra novembar novembra decembar decembra lahko mehko kahva polahko sretno ministar
finansija finansije finansijski finansijske hemija avion aviona voz vozom štampa sistem sistema naučnik naučnici
ubistvo ubistva prisustvo učesnici učešće zvanično zvanična preduzeće preduzeća gdje svijet svijeta
vijeće vijeća delegat bošnjaci bošnjak bošnjaka km maraka takođe općinski premijer dejton
"""
CROATIAN: Final = """
tisuća tisuće točno točka tjedan tjedna tjednu uvjet uvjeti uvjeta povijest povijesti povijesni kruh nogomet
nogometaš nogometni glazba glazbe sveučilište sveučilišta europa europe europi europske europski europska obitelj
obitelji tko suradnja suradnje suradnju tijekom zagreb zagreba zagrebu zagrebački hrvatska hrvatske hrvatskoj hrvatski
hrvata split splitu rijeka rijeci osijek osijeku dalmacija istra istre siječanj siječnja veljača veljače ožujak
ožujka travanj travnja svibanj svibnja lipanj lipnja srpanj srpnja kolovoz kolovoza rujan rujna listopad listopada
studeni studenoga prosinac prosinca zrakoplov zrakoplova vlak vlakom tisak sustav sustava znanstvenik znanstvenici
ubojstvo ubojstva nazočnost sudionici sudjelovanje službeno tvrtka tvrtke poduzeće poduzeća gospodarstvo gospodarstva
gospodarski financije financija financijski financijske kemija tvornica glede ravnatelj županija županije županiji
zastupnik sabor sabora saboru hdz sdp kuna kuna eura uporaba uporabe nadalje osobito dakle vrhnje rajčica
natječaj natječaja natjecanje izvješće izvješća stručnjak priopćenje priopćenju zračna luka međutim izvor običaj
glavni grad ovisi ovisno vlastiti unatoč stoga također
"""
SERBIAN: Final = """
hleb istorija istorije istorijski vreme vremena mesto mesta deca dece reč reči reči gde ovde uvek posle pre svet sveta
čovek dve videti hteo mleko lepo nedelja nedelje nedelju bezbednost beograd beograda beogradu srbija srbije srbiji
srpski srpska novi sad niš vojvodina vojvodine kosovo kosova organizovati takođe uslovi opština opštine opštini šta ko
hiljada hiljade tačno fudbal evropa evrope evropske porodica saradnja tokom januara februara marta aprila avgusta
septembra oktobra novembra decembra voz sistem telo primer vredi deo dela delo delu sledeći sledeće pošto trebalo
mera mere zahtev zahteva rešenje rešenja pobeda pobede promena promene rečeno rekao cena cene celo ceo potpredsednik
predsednik predsednika premijer poslednji uspeh uspeha smer smeru dinara dinar
"""
TSWANA: Final = """
kwa jaaka gonne kgotsa jwa jwang jwalo mme fela gape gongwe bone nne dira ditiro batho motho mongwe bangwe rona lona
tsotlhe yotlhe botlhe rotlhe teng thata jalo jaana gompieno bosigo letsatsi ngwaga dingwaga setswana botswana batswana
fa gore go ne ke tla ka ga mo mono kgosi puso palamente molao melao madi tiro bana ngwana mosadi monna basadi banna
itse bua bona ntse setse santse tlhola tlhoka tlhaloso tlhomo bokwe moeteledipele sekolo lekgotla metsi lefatshe
ntlo kgomo jesu modimo morena lefoko mafoko dilo selo sengwe dingwe jono sono eno ono yone sone tsone lone gone
"""
SOTHO: Final = """
hore ho ha hae hoba empa hape haholo joalo joang joale kajeno lesotho basotho mokhotlong maseru ntho lintho hona bona
tsohle bohle kaofela batho motho mang hantle lilemo selemo letsatsi molimo jesu ngoana bana mosali monna mme 'me
moo tlasa holimo leha hobane haeba feela habeli tsela mosebetsi mesebetsi puso molao melao moreneng morena
ntlo metsi lefatshe naheng naha linaha sechaba lichaba haufi hodima kapa jwalo jwale hle esale eaba eo ea oa
"""
TSONGA: Final = """
ku hi na va ka eka leswi leswaku loko hikuva kambe vanhu yena swin'wana swinwana lava laha tani ndzi nga xa ya ti ta
swa swi xi lexi leri lowu leyi mina hina n'wina vona xona yona rona wona swona kona naswona hambi kumbe ngopfu
ntsena sweswi siku masiku malembe lembe munhu vana n'wana wansati wanuna tintswalo hosi yesu xikwembu vutomi
ntirho mintirho tirha tiko matiko mfumo nawu milawu mali xikolo swikolo vuxokoxoko endla endlile vula vurile vona
tiva lavile laveka fanele nkarhi minkarhi vuswa mati ndhawu tindhawu misava hinkwavo hinkwaswo hinkwayo man'wana
van'wana un'wana rin'wana yin'wana n'hweti vurhangeri xitsonga vatsonga giyani exikarhi ehenhla endzhaku emahlweni
"""
MAORI: Final = """
te ngā nga he ki kei ka kua kāore kaore i o a e ko me mō mo nō no tā tō ā rā ra nei tēnei tenei tēnā tērā ēnei ēra
ia rātou ratou mātou tātou tatou koe koutou ahau au taku tōku tāku tōna tona tāna ana aua taua tētahi tetahi ētahi
etahi hoki engari heoi nā na mai atu iho ake anō ano nui pai tino katoa roa iti hou kaha tangata iwi hapū whānau
whanau whare whenua wai rā tau marama wāhi wahi mahi kōrero korero reo māori maori kura kāinga kainga tamariki
wahine tāne tama rangatira kāwanatanga ture atua ihowa ihu runga raro roto waho mua muri taha haere hoki mōhio
kite whakaaro whakamahi whai tae noho tū tu moe kai inu pātai utu hua aroha rongo taonga mana aotearoa āe kia hei
"""

TELLING: Final[Mapping[str, frozenset[str]]] = {
    "ms": frozenset(MALAY.split()) - frozenset(INDONESIAN.split()),
    "id": frozenset(INDONESIAN.split()) - frozenset(MALAY.split()),
    "bs": frozenset(BOSNIAN.split()) - frozenset(CROATIAN.split()),
    "hr": frozenset(CROATIAN.split()) - frozenset(BOSNIAN.split()) - frozenset(SERBIAN.split()),
    "sr": frozenset(SERBIAN.split()) - frozenset(CROATIAN.split()),
    "tn": frozenset(TSWANA.split()) - frozenset(SOTHO.split()),
    "st": frozenset(SOTHO.split()) - frozenset(TSWANA.split()),
    "ts": frozenset(TSONGA.split()),
    "mi": frozenset(MAORI.split()),
}
"""Telling words by RFC 5646 tag; only neighbours exclude one another's words."""
