"""The words that the demo company is made of, and how people misspell them."""

import random
import unicodedata

__all__ = ["article_variant", "ascii_fold", "company_variant", "number_variant", "phone", "phone_variant", "typo"]

FIRST_NAMES = [
    "Anna",
    "Björn",
    "Carla",
    "Daniel",
    "Elif",
    "Fatima",
    "Georg",
    "Hanna",
    "Ivan",
    "Jasmin",
    "Karim",
    "Lena",
    "Marta",
    "Nikolai",
    "Olga",
    "Pedro",
    "Quentin",
    "Rosa",
    "Samuel",
    "Tomasz",
    "Ursula",
    "Viktor",
    "Wanda",
    "Xavier",
    "Yara",
    "Zoë",
    "Aline",
    "Bernd",
    "Chiara",
    "Dieter",
    "Emre",
    "Frida",
    "Gustav",
    "Helena",
    "Ingrid",
    "Jonas",
    "Katja",
    "Luca",
    "Mireille",
    "Noah",
    "Ottilie",
    "Paulo",
    "Renate",
    "Sofia",
    "Théo",
    "Ulrike",
    "Vera",
    "Walter",
    "Yusuf",
    "Zeynep",
]
LAST_NAMES = [
    "Albrecht",
    "Bergström",
    "Castellano",
    "Dubois",
    "Engel",
    "Fischer",
    "García",
    "Hoffmann",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novák",
    "Olsen",
    "Petrov",
    "Quintero",
    "Rossi",
    "Schäfer",
    "Tanaka",
    "Ulrich",
    "Vogel",
    "Weber",
    "Yilmaz",
    "Zimmermann",
    "Andersen",
    "Brandt",
    "Conti",
    "Delacroix",
    "Eriksen",
    "Fontaine",
    "Grünwald",
    "Haugen",
    "Iversen",
    "Jovanović",
    "Keller",
    "Lombardi",
    "Marchetti",
    "Nilsson",
    "Ortega",
    "Pasternak",
    "Reinholt",
    "Sørensen",
    "Thibault",
    "Varga",
    "Winkler",
]
COMPANY_STEMS = [
    "Müller",
    "Nordlicht",
    "Alpina",
    "Hansa",
    "Rheintal",
    "Baltic",
    "Morava",
    "Silva",
    "Lumen",
    "Vektor",
    "Kastell",
    "Tempus",
    "Aurora",
    "Granit",
    "Helios",
    "Merkur",
    "Neptun",
    "Orion",
    "Polaris",
    "Quarz",
    "Saturn",
    "Titan",
    "Ultra",
    "Vega",
    "Weser",
    "Zenit",
    "Adler",
    "Bison",
    "Condor",
    "Delfin",
    "Falke",
    "Habicht",
    "Kranich",
    "Luchs",
    "Marder",
    "Otter",
    "Panther",
    "Rotfuchs",
    "Schwan",
    "Steinbock",
    "Wolf",
    "Birken",
    "Eichen",
    "Fichten",
    "Linden",
    "Tannen",
    "Ulmen",
    "Achat",
    "Beryll",
    "Diamant",
]
COMPANY_TRADES = [
    "Maschinenbau",
    "Analytik",
    "Pharma",
    "Umwelttechnik",
    "Lebensmittel",
    "Chemie",
    "Biotech",
    "Wasserwerke",
    "Laborservice",
    "Metallbau",
    "Keramik",
    "Kunststoffe",
    "Medizintechnik",
    "Elektronik",
    "Papier",
    "Textil",
    "Brauerei",
    "Molkerei",
    "Energie",
    "Logistik",
]
COMPANY_FORMS = ["GmbH", "AG", "GmbH & Co. KG", "S.A.", "S.r.l.", "AB", "B.V.", "Ltd"]
CITIES = [
    ("Hamburg", "20095", "Germany", "+49 40"),
    ("München", "80331", "Germany", "+49 89"),
    ("Köln", "50667", "Germany", "+49 221"),
    ("Wien", "1010", "Austria", "+43 1"),
    ("Graz", "8010", "Austria", "+43 316"),
    ("Zürich", "8001", "Switzerland", "+41 44"),
    ("Basel", "4051", "Switzerland", "+41 61"),
    ("Lyon", "69001", "France", "+33 4"),
    ("Milano", "20121", "Italy", "+39 02"),
    ("Göteborg", "41103", "Sweden", "+46 31"),
    ("Malmö", "21119", "Sweden", "+46 40"),
    ("Rotterdam", "3011", "Netherlands", "+31 10"),
    ("Kraków", "31-001", "Poland", "+48 12"),
    ("Brno", "60200", "Czechia", "+420 5"),
    ("Leeds", "LS1 1UR", "United Kingdom", "+44 113"),
]
STREETS = [
    "Hafenstraße",
    "Lindenweg",
    "Bahnhofstraße",
    "Marktplatz",
    "Industriestraße",
    "Am",
    "Ring",
    "Schulgasse",
    "Rue",
    "de",
    "la",
    "Gare",
    "Via",
    "Roma",
    "Mühlenweg",
    "Gartenstraße",
    "Kanalgatan",
    "Werftallee",
    "Birkenallee",
    "Parkstraße",
]
PRODUCT_KINDS = [
    (
        "Sensors",
        ["Pressure Sensor", "Temperature Probe", "Flow Meter", "Humidity Sensor", "pH Electrode", "Level Switch"],
        "SE",
    ),
    ("Analysers", ["Gas Analyser", "Moisture Analyser", "Photometer", "Turbidity Meter", "Conductivity Meter"], "AN"),
    (
        "Laboratory",
        ["Magnetic Stirrer", "Precision Balance", "Centrifuge", "Water Bath", "Drying Oven", "Pipette Set"],
        "LB",
    ),
    (
        "Spare parts",
        ["Seal Kit", "Filter Cartridge", "Battery Pack", "Calibration Set", "Cable Set", "Mounting Bracket"],
        "SP",
    ),
]
PRODUCT_LINES = ["Aqua", "Terra", "Ventus", "Ignis", "Lux", "Sonus", "Motus", "Ferro"]
DEPARTMENTS = ["Sales", "Service", "Purchasing", "Finance", "Engineering", "Logistics"]
STAGES = ["qualified", "proposal", "negotiation", "won", "lost"]
COMPLAINTS = [
    "The display of the {product} stays dark after the last firmware update.",
    "Two of the {product} units ({article}) arrived with a broken housing.",
    "Could you send us the calibration certificate for {article}?",
    "We measured a drift of 3% with our {product}; is there a newer version?",
    "Please confirm the delivery date of the {product} ({article}).",
]
_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o", "Ø": "O"})


def ascii_fold(text: str) -> str:
    """As people without these keys write it: ``Müller`` -> ``Mueller``, ``Zoë`` -> ``Zoe``."""
    folded = unicodedata.normalize("NFKD", text.translate(_FOLD))
    return "".join(char for char in folded if not unicodedata.combining(char))


def typo(text: str, random: random.Random) -> str:
    """One slip of the fingers inside a word: a swap, a double, or a missing letter."""
    places = [i for i in range(1, len(text) - 2) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    at = random.choice(places)
    match random.randrange(3):
        case 0:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        case 1:
            return text[:at] + text[at] + text[at:]
        case _:
            return text[:at] + text[at + 1 :]


def company_variant(name: str, random: random.Random) -> str:
    """A company's name as somebody else keyed it in: folded, without its legal form, abbreviated, upper case, a typo."""
    if random.random() < 0.35:
        name = ascii_fold(name)
    if random.random() < 0.4:
        for form in sorted(COMPANY_FORMS, key=len, reverse=True):
            name = name.removesuffix(" " + form)
    if random.random() < 0.15:
        name = name.replace("Maschinenbau", "Masch.bau").replace("Lebensmittel", "Lebensm.").replace("technik", "tech.")
    if random.random() < 0.15:
        name = typo(name, random)
    if random.random() < 0.1:
        name = name.upper()
    return name


def article_variant(article: str, random: random.Random) -> str:
    """An article number as people type it: mostly right, else in lower case, without dashes or with blanks."""
    return random.choice((article, article, article.lower(), article.replace("-", ""), article.replace("-", " ")))


def number_variant(number: str, random: random.Random) -> str:
    """A customer number as it stands on paper: mostly right, else without prefix, or without the leading zeros too."""
    digits = number.rpartition("-")[2]
    return random.choice((number, number, number, digits, digits.lstrip("0")))


def phone(prefix: str, random: random.Random) -> str:
    return f"{prefix} {random.randrange(200000, 9999999)}"


def phone_variant(number: str, random: random.Random) -> str:
    """The same number as another system formats it."""
    digits = number.replace(" ", "")
    match random.randrange(3):
        case 0:
            return digits
        case 1:
            return "00" + digits.removeprefix("+")
        case _:
            return number.replace(" ", "/", 2).replace("/", " (0)", 1)
