"""What AICMO itself says in an email: the footer, in the language of the message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FooterWords:
    """language: of the words, where it differs from the message's, since ours know only a few."""

    reason: str
    unsubscribe: str
    language: str = ""


_WORDS = {
    "en": ("You receive this email because you agreed to hear from {}.", "Unsubscribe"),
    "de": (
        "Sie erhalten diese E-Mail, weil Sie Nachrichten von {} zugestimmt haben.",
        "Abmelden",
    ),
    "es": ("Recibe este correo porque aceptó recibir noticias de {}.", "Darse de baja"),
    "fr": (
        "Vous recevez cet e-mail parce que vous avez accepté de recevoir des nouvelles de {}.",
        "Se désabonner",
    ),
    "it": (
        "Riceve questa e-mail perché ha accettato di ricevere notizie da {}.",
        "Annulla l’iscrizione",
    ),
    "nl": (
        "U ontvangt deze e-mail omdat u berichten van {} wilt ontvangen.",
        "Afmelden",
    ),
    "pt": (
        "Você recebe este e-mail porque aceitou receber notícias de {}.",
        "Cancelar inscrição",
    ),
}


def footer_words(language: str, sender: str) -> FooterWords:
    """The footer's words for a BCP 47 tag; in English where we don't speak the language."""
    spoken = language.partition("-")[0]
    reason, unsubscribe = _WORDS.get(spoken, _WORDS["en"])
    return FooterWords(reason.format(sender), unsubscribe, "" if spoken in _WORDS else "en")
