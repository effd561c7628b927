"""What the pages say to a client's contacts, in the languages that are known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeavingWords:
    """`{brand}` stands for the client's name; `mistake` is followed by the sender's address."""

    language: str
    question: str
    consequence: str
    button: str
    done: str
    what_follows: str
    mistake: str


_KNOWN = (
    LeavingWords(
        "en",
        question="No more emails from {brand}?",
        consequence="You won’t get emails like this one any more. No log-in is needed.",
        button="Unsubscribe",
        done="You are unsubscribed",
        what_follows="{brand} won’t write to you any more. An email that is already on its way may "
        "still arrive.",
        mistake="Was this a mistake? Write to",
    ),
    LeavingWords(
        "de",
        question="Keine E-Mails mehr von {brand}?",
        consequence="Sie erhalten dann keine E-Mails wie diese mehr. Eine Anmeldung ist nicht "
        "nötig.",
        button="Abbestellen",
        done="Sie sind abgemeldet",
        what_follows="{brand} schreibt Ihnen nicht mehr. Eine E-Mail, die schon unterwegs ist, kann "
        "noch ankommen.",
        mistake="War das ein Versehen? Schreiben Sie an",
    ),
    LeavingWords(
        "es",
        question="¿Dejar de recibir correos de {brand}?",
        consequence="No recibirá más correos como este. No hace falta iniciar sesión.",
        button="Cancelar la suscripción",
        done="Suscripción cancelada",
        what_follows="{brand} no le escribirá más. Un correo que ya está en camino aún puede "
        "llegar.",
        mistake="¿Ha sido un error? Escriba a",
    ),
    LeavingWords(
        "fr",
        question="Ne plus recevoir d’e-mails de {brand} ?",
        consequence="Vous ne recevrez plus d’e-mails comme celui-ci. Aucune connexion n’est "
        "nécessaire.",
        button="Se désabonner",
        done="Désabonnement effectué",
        what_follows="{brand} ne vous écrira plus. Un e-mail déjà envoyé peut encore arriver.",
        mistake="C’était une erreur ? Écrivez à",
    ),
)


def leaving_words(language: str) -> LeavingWords:
    """The words in the language of a BCP 47 tag, in English where it isn't known."""
    spoken = language.partition("-")[0]
    return next((each for each in _KNOWN if each.language == spoken), _KNOWN[0])
