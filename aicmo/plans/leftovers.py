"""What stands in a text for something still to be written, in the languages of our clients.

Only what no finished text says: `TBD`, `[CLIENT]`, `lorem ipsum`. Words that a finished text may
say as well (`a to-do list`, `toda la semana`, `to be announced`) are left alone.
"""

from __future__ import annotations

import re

_BLANKS = (
    "client|company|brand|name|first name|last name|date|time|place|city|link|url|price|amount|"
    "number|product|figure|quote|logo|image|picture|photo|headline|text"
)
_ANYWHERE = re.compile(
    rf"""
    \bTODO\b(?!\ [A-ZÁÉÍÓÚÑ]{{2}}) | \bFIXME\b | \bX{{3,}}\b      # Spanish shouts TODO INCLUIDO
    | [€$£¥]\s?XX\b | \bXX\s?% | \bXX[./]XX\b
    | \[(?:{_BLANKS.upper()})\] | \[(?:{_BLANKS.title()})\]
    | \[object\ Object\] | \bT\.B\.[CD]\b | (?<!\{{)\{{(?:first|last)?_?name\}}(?!\}}) | <(?:first[\ _])?name>
    | \*\|[A-Z_:]+\|\* | %%\w+%% | \$\{{\w+\}} | <<\w+>> | \[\[\w+\]\]   # other tools' merge fields
    | (?i:
        \b(?:TBD|TBC)\b | \b(?:lorem\ ipsum|dolor\ sit\ amet)\b | (?<![\w/])N/A(?![\w/])
      | [\[<](?:insert|your|einf[üu]gen|insérer|insertar|inserir)\b[^\]>\n]*[\]>]
      | \binsert\ (?:(?:the|a|an|your|client)\ )*(?:{_BLANKS})\ here\b
      | \bplaceholder\ (?:text|copy|image)\b | \[placeholder\]
      | \[(?:client|company|brand)(?:['’]s)?(?:\ (?:name|logo|here))+\]
      | \b(?:Blindtext|Platzhaltertext)\b | \bhier\ (?:[\w-]+\ )?einfügen\b
      | \b(?:texte\ provisoire|faux[- ]texte)\b | \binsérer\ (?:[\w'’-]+\ ){{1,3}}ici\b
      | \btexto\ de\ relleno\b | \binsertar\ (?:\w+\ ){{1,3}}aquí\b
      | \btexto\ de\ preenchimento\b | \binserir\ (?:\w+\ ){{1,3}}aqui\b
      )
    | ここに[^。\n]{{0,12}}挿入 | ダミーテキスト | यहाँ\ (?:\S+\ )?डालें | نص\ تجريبي | أدخل\ (?:\S+\ ){{1,3}}هنا
    """,
    re.VERBOSE,
)
_WHOLE = re.compile(
    r"""\?+ | -+ | \.{3} | … | x{2,} | n\.\s?a\.? | null | tba | undefined | placeholder
    | k\.\s?A\. | offen | noch\ offen | platzhalter | folgt
    | à\ (?:compléter|définir|confirmer) | por\ (?:definir|confirmar) | a\ definir | a\ confirmar
    | 未定 | 要確認 | 未確認 | 調整中 | तय\ होना\ बाकी | (?:لم\ )?يُ?حدد\ (?:لاحقا|لاحقاً|بعد)""",
    re.VERBOSE | re.IGNORECASE,
)


def find_leftover(text: str) -> str:
    """The first part of `text` that stands for something still to be written; '' without one."""
    if whole := _WHOLE.fullmatch(text.strip()):
        return whole[0]
    found = _ANYWHERE.search(text)
    return found[0] if found else ""
