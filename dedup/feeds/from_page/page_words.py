"""The words of the web page as such, in six languages: what marks lists, menus, stamps and footers.

No site, outlet or section of one is named here. What the patterns hold is the
vocabulary that pages share whoever publishes them: "Most read", "Updated",
"Privacy policy", "Share on". Each pattern is tried on a whole line or part of a line.
"""

from __future__ import annotations

import re
from typing import Final

UPDATED: Final = (
    r"(?:last )?(?:updated|modified|edited|revised)(?: (?:on|at))?|actualizad[oa](?: el)?|"
    r"última actualización|"
    r"mis à jour(?: le)?|mise à jour|modifié(?: le)?|(?:zuletzt )?aktualisiert(?: am)?|"
    r"aktualisierung|stand|"
    r"atualizad[oa](?: em)?|aggiornat[oa](?: il)?|обновлено|更新(?:时间|日)?|최종수정|수정"
)
PUBLISHED: Final = (
    r"(?:first )?(?:published|created|posted|released|issued)(?: (?:on|at))?|publicad[oa](?: (?:el|em))?|"
    r"publié(?: le)?|veröffentlicht(?: am)?|erstellt(?: am)?|pubblicat[oa](?: il)?|опубликовано|"
    r"(?:发布|發布|公開)(?:时间|日)?|입력|등록"
)
STAMP_LABEL: Final = re.compile(
    rf"\b(?:(?P<updated>{UPDATED})|(?P<published>{PUBLISHED}))(?!\w)\s*:?", re.IGNORECASE
)

LIST_HEADING: Final = re.compile(
    r"(?:"
    # "Most read", "Top stories in business", "More from Transport", "Editor's picks"
    r"(?:the )?(?:most|latest|top|related|trending|popular|recommended|featured|other|more|"
    r"today'?s|breaking|our|"
    r"editor['’]?s)(?: \S+){0,4} (?:read|viewed|popular|shared|watched|stories|news|"
    r"articles|headlines|links|"
    r"coverage|topics|posts|picks|videos|content|reading)(?: \S+){0,3}|"
    r"(?:most|latest|related|trending|popular|recommended)(?: (?:now|today|here))?|"
    r"more (?:from|in|on|about|like)(?: \S+){1,4}|"
    r"you (?:may|might|could|will)(?: also)? (?:like|enjoy|be interested.*)(?: (?:these|this|our)(?: \S+)?)?|"
    r"(?:also read|read also|read next|up next)|"
    r"what (?:to read|others are reading|we're reading).*|don['’]t miss|in case you missed it|"
    r"(?:from|around) (?:our|the) (?:partners|web|network|archive)|(?:sponsored|"
    r"promoted)(?: \S+)?|see also|"
    r"lo más (?:visto|leído|reciente)(?: \S+){0,3}|últim[ao]s (?:noticias|notícias|horas?)|"
    r"más (?:noticias|leídas)|"
    r"(?:noticias|notícias|notizie|artículos) relacionad[ao]s|también (?:te|le) .{0,30}|te puede interesar|"
    r"les plus (?:lus|lues|vus|vues)|le plus lu|à lire (?:aussi|également)|sur le même sujet|à la une|"
    r"dernières (?:infos|nouvelles|actualités)|"
    r"meistgelesen.{0,20}|am meisten gelesen|mehr zum thema|auch interessant|"
    r"das könnte (?:sie|dich) .{0,30}|"
    r"(?:neueste|weitere|aktuelle) (?:nachrichten|artikel|meldungen)|lesen sie auch|"
    r"(?:as )?mais (?:lidas|vistas|lidos)|leia (?:também|mais)|veja também|"
    r"i più (?:letti|visti)|leggi anche|ultime notizie|potrebbe interessarti|"
    r"(?:热门|最新|相关)(?:新闻|文章|阅读)|ランキング|関連記事|新着(?:記事|ニュース)?|많이 본 뉴스|관련 ?기사"
    r")\s*:?",
    re.IGNORECASE,
)

COMMENTS_HEADING: Final = re.compile(
    r"(?:\d+ )?(?:comments?|reader comments|join the (?:conversation|discussion)|leave a (?:comment|reply)|"
    r"comentarios|commentaires|kommentare|comentários|commenti)(?: \(?\d+\)?)?\s*:?",
    re.IGNORECASE,
)

BODY_END: Final = re.compile(
    r"(?:archivado en|filed under|tags?|topics?|keywords|etiquetas|schlagwörter|"
    r"mots[- ]clés|temas)\b.{0,60}",
    re.IGNORECASE,
)

FLASH: Final = re.compile(
    r"(?:breaking(?: news)?|just in|alert|live|developing|última hora|urgente?|eilmeldung|"
    r"alerte|dernière minute|"
    r"ultim'ora)\s*[:|–-]\s+(?=\S)",
    re.IGNORECASE,
)

_IMAGE: Final = (
    r"(?:(?:image|photo|picture|video|foto|imagen|bild|file photo|archive photo|representative image)s?"
    r"(?: (?:credit|courtesy|source|by))?s?\s*[:/©]|image credit|photo (?:by|credit)|file photo|"
    r"representative image|\[photo).*|.*(?:image credit|photo credit|getty images|\bfile photo\b).*"
)

FURNITURE: Final = re.compile(
    rf"(?:{_IMAGE}|"
    r".*(?:©|\(c\) ?(?:19|20)\d\d|\bcopyright\b|all rights reserved|derechos reservados|"
    r"tous droits réservés|"
    r"alle rechte vorbehalten|todos os direitos|tutti i diritti).*|"
    r".*\b(?:privacy (?:policy|notice)|terms (?:of|and|&) (?:use|service|conditions)|"
    r"cookie (?:policy|settings|"
    r"preferences)|política de (?:cookies|privacidad)|aviso legal|mentions légales|do not sell my).*|"
    r".*\S@\S+\.\w.*|.*(?:https?://|www\.)\S.*|(?:phone|tel|fax|telephone|call us|"
    r"whatsapp)\b.{0,3}\+?[\d(].*|"
    r"(?:share|compartir|partager|teilen|condividi|compartilhar)(?:\s+(?:this|on|via|with|"
    r"to|en|sur|auf|su|no)\b.*)?|"
    r"(?:sign|log) ?(?:in|up|out)\b.*|log ?in to .*|(?:subscribe|register)(?: now| today|"
    r" here| to | for ).*|"
    r"subscribe|follow (?:us|our)\b.*|síguenos.*|suivez[- ]nous.*|folgen sie uns.*|siga-nos.*|seguici.*|"
    r"(?:get|receive) (?:the|our|your|all|breaking|daily|today)\b.*(?:newsletter|letter|"
    r"app|alerts?|inbox|updates|"
    r"email)\b.*|.*\b(?:to our newsletter|in your inbox|our newsletters?)\b.*|download (?:the|our)\b.*|"
    r"(?:read|load|show|see|view|learn|find out)(?: \S+)? (?:more|all|full story|"
    r"the full story)(?: (?:about|here|on|at)"
    r"\b.*|\s*:.*|\s*[>»→]*)?|read (?:full|more|also|next|the full) .*|also read\b.*|"
    r"lea también\b.*|lire aussi\b.*|"
    r"click here.*|tap here.*|skip to .*|jump to .*|back to (?:top|home).*|"
    r"go to .{0,20}(?:home|page|content)|"
    r"listen to (?:this|the) (?:article|story).*|listen to article.*|play (?:video|"
    r"audio).*|watch (?:live|now|video).*|"
    r"give feedback|send feedback|report (?:an error|a typo|this ad)|"
    r"connect (?:with )?us.*|join (?:us|our) .*|"
    r"contact us.*|about us.*|advertise(?:ment)?(?: with us)?|sponsored.{0,12}|"
    r"by signing up.*|powered by .*|"
    r"we use cookies.*|this (?:site|website) uses.*|accept (?:all )?cookies.*|copiar enlace|copy link|"
    r"\d[\d.,]*k? (?:comments?|shares?|views?|likes?|comentarios|commentaires|kommentare|"
    r"comentários|commenti|"
    r"reactions?|min(?:ute)?s?\.? (?:read|ago|de lectura|de leitura)|minuten lesezeit|"
    r"hours? ago|days? ago)\b.*|"
    r"(?:reading time|lesezeit|temps de lecture|tiempo de lectura)\b.*"
    r")",
    re.IGNORECASE,
)

FOOTER: Final = re.compile(
    r".*(?:©|\bcopyright\b|all rights reserved|\bprivacy\b|terms (?:of|and|&) (?:use|service|conditions)|"
    r"política de (?:cookies|privacidad)|cookie (?:policy|settings)|aviso legal|impressum|"
    r"imprint|mentions légales|"
    r"\S@\S+\.\w|^(?:phone|tel)\b).*",
    re.IGNORECASE,
)

_INTERFACE: Final = (
    "facebook twitter x linkedin quora youtube instagram rss whatsapp telegram mastodon "
    "threads tiktok pinterest "
    "reddit bluesky flipboard messenger snapchat email e-mail mail print share copy link "
    "save follow us on home news "
    "world business sport sports opinion politics technology tech science health culture "
    "entertainment lifestyle "
    "travel obituaries classifieds weather video videos photos podcasts podcast "
    "newsletters newsletter games more "
    "menu search subscribe sign log in out up my account e-edition epaper e-paper login "
    "register contact about "
    "careers jobs advertise help faq sitemap feedback live tv radio shop store app apps "
    "and & the to all sections "
    "left right close open toggle navigation main content skip international national "
    "local markets economy"
)
INTERFACE_WORDS: Final = frozenset(_INTERFACE.split())

CREDIT_LINE: Final = re.compile(
    r"[(\[]?\s*((?:with )?(?:additional )?inputs? (?:from|by) .{2,80}|with (?:agency|"
    r"agencies|wire) (?:inputs?|reports?).*|"
    r"(?:source|quelle|fuente|fonte)s?\s*:\s*.{2,60}|agencies|con información de .{2,60}|"
    r"avec (?:l['’])?\S{2,20}|"
    r"(?:mit material|material) von .{2,60}|this (?:story|article|report) (?:has been|was|"
    r"is) .*(?:syndicated|agency|"
    r"wire|feed|staff).*|.{2,60} contributed to this (?:report|story|article))\.?\s*[)\]]?",
    re.IGNORECASE,
)

STAFF_LINE: Final = re.compile(
    r"[(\[]?\s*((?:additional )?(?:reporting|writing|written|compiled|edited) by .{2,200}|"
    r".{0,80}\bediting by .{2,120}|"
    r"(?:escrito|reportado|editado) por .{2,120})\s*[)\]]?",
    re.IGNORECASE,
)

BY: Final = re.compile(
    r"(?:written |reported )?(?:by|von|por|par|di|da|de|автор:?|文[／/]?|記者)\s+(?=\S)", re.IGNORECASE
)
DESK: Final = re.compile(
    r"(?P<outlet>.*?)\s*\b(?:(?:online |digital |web |national |world |foreign |city |sports |business )?"
    r"(?:news ?)?(?:desk|bureau|staff|newsroom|team)|(?:staff |special |our )?(?:correspondent|reporter)s?|"
    r"redaktion|redacción|rédaction|redazione|redação)",
    re.IGNORECASE,
)
