"""Interface language: the words by which a web page addresses its user.

News tells; a page's machinery asks ("sign in", "accept cookies", "your
account"). Two pages that share only such text are not copies of one story,
and no count can show it when just two pages carry the passage. A match made of
these words therefore counts less (`dedup.confirm.features`, ``interface``).

The list is short on purpose, common words of subscription, login, consent and
sharing notices in eight languages. It is a prior, not a filter: one such word in a
story changes nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.text.key_table import KeyTable
from dedup.text.words import tokenize

INTERFACE_WORDS: Final = """
    you your yours click here sign signup login log logged logout account accounts subscribe subscriber
    subscribers subscription subscriptions unsubscribe newsletter newsletters inbox cookie cookies consent
    browser javascript enable disable adblock ad ads advertisement app download email emails mail password
    username register registered registration submit enter privacy terms policy website site page pages
    please thank thanks welcome share tweet facebook twitter instagram whatsapp pinterest linkedin youtube
    copyright reserved rights comment comments commenting posted loading menu search skip home contact us
    digital unlimited access content reader readers article articles read more related advertiser visitor
    error notification notifications notify settings preferences feedback flagged moderated moderators
    commenters obscene vulgar lewd profanity trademark trademarks trademarked disclaimer webmaster
    republished redistribute redistributed rewritten
    usted tu tus su haga clic aquí suscríbase suscripción boletín correo electrónico contraseña iniciar sesión
    vous votre vos cliquez ici abonnez abonnement courriel connexion compte mot passe confidentialité
    sie ihr ihre klicken hier abonnieren newsletter anmelden passwort konto datenschutz nutzungsbedingungen
    você seu sua clique aqui assine assinatura senha conta privacidade
    clicca qui iscriviti abbonati accedi abbonamento
    вы ваш вашу нажмите подпишитесь подписка войти пароль реклама
    klik hier abonneer inloggen wachtwoord
"""


@cache
def interface_words() -> KeyTable:
    """Return the interface words; keys are the upper halves of their hashes."""
    return KeyTable.of(
        np.unique((tokenize(pa.array([INTERFACE_WORDS])).hashes >> np.uint64(32)).astype(np.uint32))
    )
