"""Countries as headlines name them, in English, Russian and French: only those where access news come from."""

from __future__ import annotations

import re
from functools import cache

# Beginnings of words, as regular expressions over lower case.
_BEGINNINGS = {
    "AL": "albania|албани|albanie",
    "AF": "afghan|taliban|афган",
    "AZ": "azerbaijan|азербайдж|azerbaïdj",
    "BF": "burkina|буркина",
    "BR": "brazil|бразил|brésil",
    "BY": "belarus|беларус|белорус|biéloruss",
    "CD": r"drc\b|congo|kinshasa|конго|rdc\b",
    "CM": "cameroon|cameroun|камерун",
    "CN": "china|chinese|beijing|кита[йе]|chin(?:e|ois)",
    "CU": r"cuba|куб[аеиу]\b|кубинск",
    "DZ": "algeri|algéri|алжир",
    "EG": "egypt|égypt|египе?т",
    "ET": "ethiopia|éthiopi|эфиоп",
    "GA": "gabon|габон",
    "GN": "guinea|guinée|гвине",
    "GQ": "equatorial guinea|guinée équatoriale|экваториальн",
    "ID": "indonesia|indonési|индонези",
    "IN": r"india|inde\b|indien|инди[ийяю]",
    "IQ": "iraq|irak|ирак",
    "IR": "iran|tehran|иран|тегеран|téhéran",
    "KE": "kenya|кени[ийяю]",
    "KZ": "kazakh|казахстан",
    "ML": r"mali\b|malian|malien|мали\b",
    "MM": "myanmar|birman|мьянм",
    "MZ": "mozambi|мозамбик",
    "NE": r"niger\b|nigeri?en|нигер",
    "NG": "nigeria|nigéria|нигери",
    "NP": "nepal|népal|непал",
    "PK": "pakistan|пакистан",
    "RU": r"russia|moscow|kremlin|roskomnadzor|росси|москв|москов|роскомнадзор|ркн\b|госдум|рф\b|russie|russe|moscou",
    "SD": "sudan|soudan|судан",
    "SN": "senegal|sénégal|сенегал",
    "SO": "somali|сомали",
    "SY": "syria|syrie|сири[ийяю]",
    "TD": r"chad\b|chadian|tchad|чад[аеу]?\b",
    "TM": "turkmen|turkmén|туркмен",
    "TR": "turkey|türkiye|turkish|ankara|turqui|turc|турц",
    "TZ": "tanzania|танзани",
    "UA": "ukrain|украин",
    "UG": "uganda|ouganda|уганд",
    "UZ": "uzbek|ouzbek|узбек",
    "VE": "venezuela|венесуэл",
    "VN": "vietnam|вьетнам",
    "ZM": "zambia|замби",
    "ZW": "zimbabwe|зимбабв",
}


@cache
def _named(country: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_BEGINNINGS[country]})")


@cache
def _any() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_BEGINNINGS.values())})")


def is_about(text: str, country: str) -> bool | None:
    """Tell whether a text in lower case names a country (ISO 3166, two letters); None if it names none that is known.

    Of a country that is not known here, nothing is ever said.
    """
    if country not in _BEGINNINGS or not _any().search(text):
        return None
    return _named(country).search(text) is not None
