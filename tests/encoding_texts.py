"""One news text in each of twenty languages, written for the tests of encodings."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "polish": (
        "Rada miasta przyjęła w środę budżet na przyszły rok. Najwięcej pieniędzy trafi na szkoły,"
        " drogi i żłobki, a opłaty za śmieci wzrosną o dziesięć procent. Burmistrz powiedział, że"
        " decyzja była trudna, lecz konieczna. Mieszkańcy zapowiedzieli protest przed ratuszem. Część"
        " radnych głosowała przeciw, ponieważ ich zdaniem pieniądze powinny pójść na remont mostu."
    ),
    "czech": (
        "Městská rada ve středu schválila rozpočet na příští rok. Nejvíce peněz půjde na školy, silnice"
        " a jesle, poplatky za odpad však vzrostou o deset procent. Starosta řekl, že rozhodnutí bylo"
        " těžké, ale nutné. Obyvatelé chtějí před radnicí protestovat. Část zastupitelů hlasovala"
        " proti, protože peníze měly podle nich jít na opravu mostu přes řeku."
    ),
    "hungarian": (
        "A városi tanács szerdán elfogadta a jövő évi költségvetést. A legtöbb pénz iskolákra, utakra"
        " és bölcsődékre jut, a szemétdíj azonban tíz százalékkal nő. A polgármester szerint a döntés"
        " nehéz volt, de szükséges. A lakók tüntetést terveznek a városháza előtt. Néhány képviselő"
        " nemmel szavazott, mert szerintük a hidat kellett volna előbb felújítani."
    ),
    "russian": (
        "Городской совет в среду принял бюджет на следующий год. Больше всего денег пойдёт на школы,"
        " дороги и детские сады, а плата за вывоз мусора вырастет на десять процентов. Мэр сказал,"
        " что решение было трудным, но необходимым. Жители обещают выйти на протест к зданию мэрии."
        " Часть депутатов голосовала против: по их мнению, сначала следовало починить мост."
    ),
    "ukrainian": (
        "Міська рада в середу ухвалила бюджет на наступний рік. Найбільше грошей піде на школи, дороги"
        " та дитячі садки, а плата за вивезення сміття зросте на десять відсотків. Мер сказав, що"
        " рішення було важким, але необхідним. Мешканці обіцяють вийти на протест до будівлі ратуші."
        " Частина депутатів голосувала проти, бо спершу треба було полагодити міст."
    ),
    "bulgarian": (
        "Общинският съвет прие в сряда бюджета за следващата година. Най-много пари ще отидат за училища,"
        " пътища и детски градини, а таксата за смет ще се увеличи с десет процента. Кметът заяви,"
        " че решението е трудно, но необходимо. Жителите обещаха да протестират пред общината. Част"
        " от съветниците гласуваха против, защото мостът трябвало да се поправи първо."
    ),
    "turkish": (
        "Belediye meclisi çarşamba günü gelecek yılın bütçesini kabul etti. En çok para okullara,"
        " yollara ve kreşlere ayrılacak, çöp vergisi ise yüzde on artacak. Başkan, kararın güç ama"
        " gerekli olduğunu söyledi. Mahalle sakinleri binanın önünde gösteri yapmayı planlıyor. Bazı"
        " üyeler karşı oy kullandı, çünkü onlara göre önce köprünün onarılması gerekiyordu."
    ),
    "arabic": (
        "وافق مجلس المدينة يوم الأربعاء على ميزانية العام المقبل. ستذهب معظم الأموال إلى المدارس والطرق"
        " ورياض الأطفال، بينما ترتفع رسوم النفايات بنسبة عشرة في المئة. وقال رئيس البلدية إن القرار"
        " كان صعبا لكنه ضروري. ويعتزم السكان التظاهر أمام مبنى البلدية. وصوت بعض الأعضاء ضد القرار"
        " لأنهم يرون أن الجسر يجب أن يصلح أولا."
    ),
    "greek": (
        "Το δημοτικό συμβούλιο ενέκρινε την Τετάρτη τον προϋπολογισμό του επόμενου έτους. Τα περισσότερα"
        " χρήματα θα δοθούν σε σχολεία, δρόμους και παιδικούς σταθμούς, ενώ τα τέλη καθαριότητας αυξάνονται"
        " κατά δέκα τοις εκατό. Ο δήμαρχος είπε ότι η απόφαση ήταν δύσκολη αλλά αναγκαία. Οι κάτοικοι"
        " σχεδιάζουν διαμαρτυρία μπροστά στο δημαρχείο της πόλης."
    ),
    "hebrew": (
        "מועצת העיר אישרה ביום רביעי את התקציב לשנה הבאה. רוב הכסף יופנה לבתי ספר, לכבישים ולגני ילדים,"
        " ואילו אגרת האשפה תעלה בעשרה אחוזים. ראש העיר אמר שההחלטה הייתה קשה אך הכרחית. התושבים מתכננים"
        " להפגין מול בניין העירייה. חלק מחברי המועצה הצביעו נגד, משום שלדעתם היה צריך לתקן קודם את"
        " הגשר מעל הנחל."
    ),
    "french": (
        "Le conseil municipal a adopté mercredi le budget de l’année prochaine. Les écoles, les routes"
        " et les crèches recevront l’essentiel de l’argent, tandis que la taxe sur les déchets augmentera"
        " de dix pour cent. Le maire a déclaré que la décision était difficile mais nécessaire. Des"
        " habitants ont prévu de manifester devant l’hôtel de ville. Plusieurs élus ont voté contre,"
        " préférant réparer d’abord le pont."
    ),
    "german": (
        "Der Stadtrat hat am Mittwoch den Haushalt für das nächste Jahr beschlossen. Das meiste Geld"
        " fließt in Schulen, Straßen und Kindergärten, die Müllgebühren steigen dagegen um zehn Prozent."
        " Der Bürgermeister sagte, die Entscheidung sei schwer, aber nötig gewesen. Anwohner wollen"
        " vor dem Rathaus demonstrieren. Einige Stadträte stimmten dagegen, weil zuerst die Brücke"
        " über den Fluss geprüft werden müsse."
    ),
    "spanish": (
        "El pleno del ayuntamiento aprobó el miércoles el presupuesto del próximo año. La mayor parte"
        " del dinero irá a escuelas, carreteras y guarderías, mientras que la tasa de basura subirá"
        " un diez por ciento. La alcaldesa señaló que la decisión fue difícil pero necesaria. Los"
        " vecinos anunciaron una protesta. ¿Quién pagará el puente? Según la oposición, había que"
        " repararlo antes."
    ),
    "portuguese": (
        "A câmara municipal aprovou na quarta-feira o orçamento do próximo ano. A maior parte do dinheiro"
        " irá para escolas, estradas e creches, enquanto a taxa do lixo subirá dez por cento. O presidente"
        " disse que a decisão foi difícil, mas necessária. Os moradores prometem uma manifestação."
        " Alguns vereadores votaram contra, pois a reparação da ponte não podia esperar."
    ),
    "swedish": (
        "Kommunfullmäktige antog på onsdagen budgeten för nästa år. Mest pengar går till skolor, vägar"
        " och förskolor, medan avgiften för sophämtning höjs med tio procent. Borgmästaren sade att"
        " beslutet var svårt men nödvändigt. Invånarna tänker demonstrera utanför rådhuset. Några"
        " ledamöter röstade emot, eftersom bron över ån enligt dem borde lagas först."
    ),
    "latvian": (
        "Pilsētas dome trešdien pieņēma nākamā gada budžetu. Visvairāk naudas tiks skolām, ceļiem"
        " un bērnudārziem, bet maksa par atkritumiem pieaugs par desmit procentiem. Mērs sacīja, ka"
        " lēmums bijis grūts, taču nepieciešams. Iedzīvotāji plāno protestēt pie domes ēkas. Daļa"
        " deputātu balsoja pret, jo vispirms vajadzējis salabot tiltu pār upi."
    ),
    "chinese_simplified": (
        "市议会星期三通过了明年的预算。大部分资金将用于学校、道路和幼儿园，而垃圾处理费将上涨百分"
        "之十。市长表示，这一决定很艰难，但十分必要。居民计划在市政府门前举行抗议活动。部分议员投"
        "了反对票，他们认为应当先修好河上的桥。一位退休教师说，去年也有人作过同样的承诺，可是桥至"
        "今没有修好。当地商店的老板们担心，施工期间顾客会减少。"
    ),
    "chinese_traditional": (
        "市議會星期三通過了明年的預算。大部分資金將用於學校、道路和幼兒園，而垃圾處理費將上漲百分"
        "之十。市長表示，這一決定很艱難，但十分必要。居民計劃在市政府門前舉行抗議活動。部分議員投"
        "了反對票，他們認為應當先修好河上的橋。一位退休教師說，去年也有人作過同樣的承諾，可是橋至"
        "今沒有修好。當地商店的老闆們擔心，施工期間顧客會減少。"
    ),
    "japanese": (
        "市議会は水曜日、来年度の予算案を可決した。予算の多くは学校や道路、保育園に充てられる一方"
        "、ごみの手数料は一割上がる。市長は「難しいが必要な決定だった」と述べた。住民は市役所の前"
        "で抗議集会を開く予定だ。一部の議員は、まず川にかかる橋を直すべきだとして反対した。商店街"
        "では、工事のあいだ客が減るのではないかと心配する声も出ている。"
    ),
    "korean": (
        "시의회는 수요일 내년도 예산안을 통과시켰다. 예산의 대부분은 학교와 도로, 어린이집에 쓰이"
        "고 쓰레기 수거료는 십 퍼센트 오른다. 시장은 어렵지만 꼭 필요한 결정이었다고 말했다. 주민"
        "들은 시청 앞에서 항의 집회를 열 계획이다. 일부 의원은 강을 건너는 다리부터 고쳐야 한다며"
        " 반대표를 던졌다. 상인들은 공사 기간에 손님이 줄어들까 걱정하고 있다."
    ),
}

ENCODED: Final = {
    "cp1250": ("polish", "czech", "hungarian"),
    "iso8859-2": ("polish", "czech", "hungarian"),
    "cp1251": ("russian", "ukrainian", "bulgarian"),
    "koi8-r": ("russian",),
    "koi8-u": ("ukrainian",),
    "iso8859-5": ("russian", "bulgarian"),
    "cp866": ("russian",),
    "cp1252": ("french", "german", "spanish", "portuguese", "swedish"),
    "iso8859-1": ("german", "spanish", "portuguese", "swedish"),
    "iso8859-15": ("french", "german"),
    "cp1253": ("greek",),
    "iso8859-7": ("greek",),
    "cp1254": ("turkish",),
    "iso8859-9": ("turkish",),
    "cp1255": ("hebrew",),
    "iso8859-8": ("hebrew",),
    "cp1256": ("arabic",),
    "iso8859-6": ("arabic",),
    "cp1257": ("latvian",),
    "iso8859-13": ("latvian",),
    "gb18030": ("chinese_simplified", "chinese_traditional"),
    "gbk": ("chinese_simplified",),
    "big5": ("chinese_traditional",),
    "shift_jis": ("japanese",),
    "euc_jp": ("japanese",),
    "iso2022_jp": ("japanese",),
    "euc_kr": ("korean",),
    "cp949": ("korean",),
}
"""The encodings that are told, each with languages that are written in it."""
