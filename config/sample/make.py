#!/usr/bin/env python3
"""Writes the sample exports of the fictional "Banque Garonne": garonne.ldif and
agence-pau.csv, beside this file.

    python3 config/sample/make.py

Always writes the same text; the portraits need Pillow and are the same for the same
Pillow. Telephone numbers are of the ranges that Arcep keeps free for fiction
(05 36 49, 06 39 98), but for the first person's.
"""

import base64
import io
import random
import unicodedata
import uuid
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).resolve().parent
BASE = "dc=banque-garonne,dc=example"
DOMAIN = "banque-garonne.example"
PEOPLE = 200
chance = random.Random(1857)

# name, street, postal code, town, region
OFFICES = [
    ("Siège de Toulouse", "2 allée des Platanes", "31000", "Toulouse"),
    ("Agence de Toulouse", "18 avenue de l'Europe", "31520", "Ramonville-Saint-Agne"),
    ("Agence de Pau", "7 rue du Château-Vieux", "64000", "Pau"),
    ("Agence de Bayonne", "31 quai de la Nive", "64100", "Bayonne"),
    ("Agence de Bordeaux", "104 cours des Chartrons", "33000", "Bordeaux"),
    ("Agence de Montauban", "5 place des Arcades", "82000", "Montauban"),
    ("Agence d'Agen", "22 boulevard du Gravier", "47000", "Agen"),
    ("Agence d'Auch", "9 rue de l'Escalier", "32000", "Auch"),
]

# department: (masculine, feminine) titles
DEPARTMENTS = {
    "Réseau d'agences": [
        ("Conseiller de clientèle", "Conseillère de clientèle"),
        ("Directeur d'agence", "Directrice d'agence"),
        ("Chargé d'accueil", "Chargée d'accueil"),
        ("Conseiller professionnels", "Conseillère professionnels"),
    ],
    "Crédit immobilier": [
        ("Analyste crédit", "Analyste crédit"),
        ("Conseiller en financement immobilier", "Conseillère en financement immobilier"),
    ],
    "Financements d'exportation": [
        ("Chargé d'affaires internationales", "Chargée d'affaires internationales"),
        ("Analyste crédit documentaire", "Analyste crédit documentaire"),
    ],
    "Entreprises et collectivités": [
        ("Chargé d'affaires entreprises", "Chargée d'affaires entreprises"),
        ("Responsable de portefeuille", "Responsable de portefeuille"),
    ],
    "Gestion de patrimoine": [
        ("Conseiller en gestion de patrimoine", "Conseillère en gestion de patrimoine"),
        ("Notaire conseil", "Notaire conseil"),
    ],
    "Risques et conformité": [
        ("Analyste risques", "Analyste risques"),
        ("Responsable de la conformité", "Responsable de la conformité"),
        ("Délégué à la protection des données", "Déléguée à la protection des données"),
    ],
    "Systèmes d'information": [
        ("Administrateur systèmes", "Administratrice systèmes"),
        ("Ingénieur logiciel", "Ingénieure logiciel"),
        ("Responsable de la sécurité", "Responsable de la sécurité"),
    ],
    "Ressources humaines": [
        ("Gestionnaire de paie", "Gestionnaire de paie"),
        ("Chargé de recrutement", "Chargée de recrutement"),
    ],
    "Juridique": [("Juriste", "Juriste"), ("Fiscaliste", "Fiscaliste")],
    "Marketing et communication": [
        ("Chef de produit", "Cheffe de produit"),
        ("Chargé de communication", "Chargée de communication"),
    ],
}

# (weight, men, women, families)
ORIGINS = [
    (
        9,
        "Jérôme Benoît François Étienne Rémi Loïc Théo Gaël Cédric Mathéo Noël Aurélien Frédéric Hugo Clément".split(),
        "Hélène Aurélie Chloé Maëlys Solène Noémie Océane Béatrice Cécile Anaïs Agnès Élodie Inès Françoise Camille".split(),
        "Lacaze Dubarry Fabre Castéra Larroque Bégué Sénac Dupouy Rouzaud Pélissier Cazeneuve Delmas Vidal Marquès Tournié Sarrazin Lagarde Béziat Carrère Desclaux".split(),
    ),
    (
        4,
        "Iñaki Beñat Xabi Peio Ander Jaume Arnau Bernat Guilhèm Aimeric".split(),
        "Maddi Ainhoa Nahia Amaia Miren Alazaïs Esclarmonde Joana Mirèlha Elaia".split(),
        "Etcheverry Iturralde Haristoy Goyhenèche Arrosagaray Bordenave Casaubon Puèg Cantaloba Lafitte Mendiburu Uhart".split(),
    ),
    (
        4,
        "Mehdi Karim Yassine Nabil Sofiane Rachid Ilyès Zakaria".split(),
        "Leïla Naïma Fatima Samira Inès Yasmine Khadija Sirine".split(),
        "Benali Haddad Bouazza El-Khoury Mansouri Belkacem Zerrouki Aït-Ouali Chérif Boukhari".split(),
    ),
    (
        2,
        "Minh Quang Đức Tuấn Hải".split(),
        "Linh Ngọc Thảo Hương Mỹ".split(),
        "Nguyễn Trần Phạm Lê Đặng Vũ Bùi".split(),
    ),
    (
        3,
        "Álvaro José Íñigo Joaquín Andrés Ramón Martín".split(),
        "Núria Begoña Inés Lucía Mónica Sofía Rocío".split(),
        "García-Peña Muñoz Ibáñez Ordóñez Castaño Giménez Peñalver Núñez".split(),
    ),
    (
        2,
        "Łukasz Paweł Michał Stanisław Wojciech".split(),
        "Małgorzata Żaneta Agnieszka Zofia Joanna".split(),
        "Wiśniewski Dąbrowski Wójcik Kamiński Zieliński Szymański".split(),
    ),
    (
        2,
        "Aimé Ousmane Kévin Jean-Désiré Anthony Sékou".split(),
        "Aïssatou Marie-Ange Mariam Océane Fatou Rose-Aimée".split(),
        "Diallo N'Guessan Traoré Célestine Rakotomalala Hoarau Payet Kouamé".split(),
    ),
    (
        2,
        "Owen Jürgen Søren Giulio Tiago Émile-Björn".split(),
        "Siân Grete Åsa Chiara Conceição Zoë".split(),
        "O'Connor Müller Sørensen D'Angelo Gonçalves Strauß Ferreira".split(),
    ),
]

FEMALE_ENDINGS = {"Wiśniewski": "Wiśniewska", "Dąbrowski": "Dąbrowska", "Kamiński": "Kamińska", "Zieliński": "Zielińska", "Szymański": "Szymańska"}
LINKS = ["Prendre rendez-vous", "Réserver un créneau", "Me rencontrer en visioconférence"]

# background from, to, shoulders, face, hair, whether it is long
PORTRAITS = [
    ("#c9b8a4", "#8f7a68", "#2e3a4e", "#f1dcc8", "#4a3226", True),
    ("#b9c7c9", "#6f8688", "#5a2d35", "#f0d6c1", "#2b2522", False),
    ("#d6c7a8", "#a08a5c", "#26443b", "#c99f7e", "#1e1a19", True),
    ("#bfc3d6", "#747c9c", "#3b3350", "#eed0b8", "#b07a48", False),
    ("#cdbfc6", "#8d7480", "#1f3a5f", "#8f6a52", "#1b1716", False),
    ("#c3cdb8", "#7b8a6a", "#4a3b2c", "#e2bfa2", "#8d8781", True),
]


def portrait(number):
    """A drawn portrait: a silhouette before a soft ground. 360 x 440."""
    top, bottom, shoulders, face, hair = (tuple(bytes.fromhex(c[1:])) for c in PORTRAITS[number][:5])
    long_hair = PORTRAITS[number][5]
    width, height, scale = 360, 440, 3
    ground = Image.new("RGB", (2, 2))
    middle = tuple((a + b) // 2 for a, b in zip(top, bottom))
    ground.putdata([top, middle, middle, bottom])
    image = ground.resize((width, height), Image.Resampling.BICUBIC)
    figure = Image.new("RGBA", (width * scale, height * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(figure)

    def ellipse(x, y, rx, ry, colour):
        draw.ellipse([(x - rx) * scale, (y - ry) * scale, (x + rx) * scale, (y + ry) * scale], fill=colour + (255,))

    def box(left, top, right, bottom, radius, colour):
        draw.rounded_rectangle([left * scale, top * scale, right * scale, bottom * scale], radius=radius * scale, fill=colour + (255,))

    shade = tuple(c * 88 // 100 for c in face)
    if long_hair:
        box(98, 120, 262, 338, 74, hair)
    ellipse(180, 458, 142, 148, shoulders)
    box(156, 235, 204, 338, 24, shade)
    ellipse(180, 172, 75, 80, hair)
    ellipse(180, 193, 63, 77, face)
    # the parting
    draw.chord([114 * scale, 92 * scale, 246 * scale, 216 * scale], 196, 322, fill=hair + (255,))
    figure = figure.resize((width, height), Image.Resampling.LANCZOS)
    shadow = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    shadow.putalpha(figure.getchannel("A").filter(ImageFilter.GaussianBlur(14)).point(lambda a: a * 45 // 100))
    image.paste(shadow, (6, 10), shadow)
    image.paste(figure, (0, 0), figure)
    grain = random.Random(number)
    pixels = image.load()
    for y in range(height):
        for x in range(width):
            step = grain.choice((-2, -1, 0, 0, 1, 2))
            pixels[x, y] = tuple(max(0, min(255, c + step)) for c in pixels[x, y])
    octets = io.BytesIO()
    image.save(octets, "JPEG", quality=86, optimize=True, subsampling=2)
    return octets.getvalue()


def ascii_of(text):
    text = text.replace("Đ", "D").replace("đ", "d").replace("Ł", "L").replace("ł", "l").replace("ø", "o").replace("ß", "ss")
    text = unicodedata.normalize("NFD", text)
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c == "-")).lower()


def number(prefix):
    return f"{prefix} {chance.randrange(100):02d} {chance.randrange(100):02d}"


def somebody(taken):
    """The attributes of one person, in the order of the file, and whether she is a woman."""
    origin = chance.choices(ORIGINS, weights=[o[0] for o in ORIGINS])[0]
    woman = chance.random() < 0.52
    given = chance.choice(origin[2] if woman else origin[1])
    family = chance.choice(origin[3])
    if woman:
        family = FEMALE_ENDINGS.get(family, family)
    if chance.random() < 0.08:
        family += "-" + chance.choice(ORIGINS[0][3])
    local = f"{ascii_of(given)}.{ascii_of(family)}"
    if local in taken:
        return None
    taken.add(local)
    department = chance.choice(list(DEPARTMENTS))
    title = chance.choice(DEPARTMENTS[department])[woman]
    office, street, code, town = chance.choices(OFFICES, weights=[6, 5, 3, 3, 4, 2, 1, 1])[0]
    person = [("uid", local), ("givenName", given), ("sn", family), ("cn", f"{given} {family}")]
    if chance.random() < 0.9:
        person.append(("displayName", f"{given} {family}"))
    if chance.random() < 0.95:
        person.append(("title", title))
    person.append(("o", "Banque Garonne"))
    if chance.random() < 0.92:
        person.append(("department", department))
    if chance.random() < 0.94:
        person.append(("physicalDeliveryOfficeName", office))
    if chance.random() < 0.97:
        person.append(("mail", f"{local}@{DOMAIN}"))
    if chance.random() < 0.9:
        person.append(("telephoneNumber", number("+33 5 36 49")))
    if chance.random() < 0.4:
        person.append(("mobile", number("+33 6 39 98")))
    if chance.random() < 0.88:
        person += [("street", street), ("postalCode", code), ("l", town)]
        if chance.random() < 0.5:
            person += [("st", "Nouvelle-Aquitaine" if code[:2] in ("33", "47", "64") else "Occitanie"), ("co", "France")]
    if chance.random() < 0.25:
        person.append(("labeledURI", f"https://rdv.{DOMAIN}/{local} {chance.choice(LINKS)}"))
    if chance.random() < 0.04:
        person.append(("pronouns", chance.choice(["elle", "elle / iel"] if woman else ["il", "iel"])))
    if chance.random() < 0.6:
        person.append(("preferredLanguage", chance.choices(["fr", "fr-FR", "en", "es", "eu"], weights=[6, 3, 2, 1, 1])[0]))
    return person, woman


ZOE = [
    ("uid", "zoe.lefevre"),
    ("givenName", "Zoé"),
    ("sn", "Lefèvre-Núñez"),
    ("cn", "Zoé Lefèvre-Núñez"),
    ("displayName", "Zoé Lefèvre-Núñez"),
    ("title", "Directrice des financements d'exportation"),
    ("o", "Banque Garonne"),
    ("department", "Financements d'exportation"),
    ("physicalDeliveryOfficeName", "Agence de Toulouse"),
    ("mail", f"zoe.lefevre@{DOMAIN}"),
    ("telephoneNumber", "+33 5 61 00 42 17"),
    ("street", "18 avenue de l'Europe"),
    ("postalCode", "31520"),
    ("l", "Ramonville-Saint-Agne"),
    ("labeledURI", f"https://rdv.{DOMAIN}/zoe Prendre rendez-vous"),
    ("pronouns", "elle"),
    ("preferredLanguage", "fr"),
]


def folded(line):
    """RFC 2849: a long line goes on after a line end and one space."""
    pieces = [line[:76]]
    pieces += [" " + line[at : at + 75] for at in range(76, len(line), 75)]
    return "\n".join(pieces) + "\n"


def attribute(name, value):
    octets = value if isinstance(value, bytes) else value.encode()
    safe = all(0 < o < 128 and o not in (10, 13) for o in octets) and octets[:1] not in (b" ", b":", b"<")
    if safe and not octets.endswith(b" "):
        return folded(f"{name}: {octets.decode()}")
    return folded(f"{name}:: {base64.b64encode(octets).decode()}")


def entry(person, staff_number, photo=None, locked=False):
    uid = person[0][1]
    text = attribute("dn", f"uid={uid},ou=personnes,{BASE}")
    for name in ("top", "person", "organizationalPerson", "inetOrgPerson"):
        text += attribute("objectClass", name)
    text += attribute("entryUUID", str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{uid}.{DOMAIN}")))
    text += attribute("employeeNumber", f"G{staff_number:05d}")
    text += "".join(attribute(name, value) for name, value in person)
    if locked:
        text += "# parti: compte verrouille pour toujours\n" + attribute("pwdAccountLockedTime", "000001010000Z")
    if photo is not None:
        text += attribute("jpegPhoto", photo)
    return text


def ldif():
    header = """version: 1
# Export de l'annuaire de la Banque Garonne, une banque qui n'existe pas.
# Ecrit par config/sample/make.py ; quelques entrees sont fausses, expres :
# un vrai annuaire en a aussi.

dn: dc=banque-garonne,dc=example
objectClass: top
objectClass: dcObject
objectClass: organization
dc: banque-garonne
o: Banque Garonne

dn: ou=personnes,dc=banque-garonne,dc=example
objectClass: top
objectClass: organizationalUnit
ou: personnes
description: Tous les collaborateurs du groupe, agences et siege, y compris l
 es comptes de service que personne n'a jamais ranges ailleurs
"""
    broken = {
        30: b"# base64 abime pendant un copier-coller\n"
        b"dn: uid=paul.tarride,ou=personnes,dc=banque-garonne,dc=example\n"
        b"objectClass: inetOrgPerson\nuid: paul.tarride\ncn: Paul Tarride\nsn: Tarride\n"
        b"title:: Q29uc2VpbGxlciBkZSBjbGllbnTDqGxl*\nmail: paul.tarride@banque-garonne.example\n",
        75: b"# son dn a ete perdu\n"
        b"objectClass: inetOrgPerson\nuid: odile.sabatier\ncn: Odile Sabatier\nsn: Sabatier\n"
        b"mail: odile.sabatier@banque-garonne.example\n",
        120: b"# ecrit en ISO-8859-1\n"
        b"dn: uid=andre.bergougnan,ou=personnes,dc=banque-garonne,dc=example\n"
        b"objectClass: inetOrgPerson\nuid: andre.bergougnan\ncn: Andr\xe9 Bergougnan\nsn: Bergougnan\n"
        b"mail: andre.bergougnan@banque-garonne.example\n",
        160: b"# la photo est ailleurs\n"
        b"dn: uid=lise.pomarede,ou=personnes,dc=banque-garonne,dc=example\n"
        b"objectClass: inetOrgPerson\nuid: lise.pomarede\ncn: Lise Pomarede\nsn: Pomarede\n"
        b"jpegPhoto:< file:///srv/photos/lise.pomarede.jpg\nmail: lise.pomarede@banque-garonne.example\n",
        # right, and nobody: no name, no address
        50: b"dn: uid=svc-sauvegarde,ou=personnes,dc=banque-garonne,dc=example\n"
        b"objectClass: top\nobjectClass: posixAccount\nuid: svc-sauvegarde\nuidNumber: 9001\n"
        b"gidNumber: 9000\nhomeDirectory: /var/lib/sauvegarde\n",
        140: b"dn: uid=svc-imprimantes,ou=personnes,dc=banque-garonne,dc=example\n"
        b"objectClass: top\nobjectClass: posixAccount\nuid: svc-imprimantes\nuidNumber: 9002\n"
        b"gidNumber: 9000\nhomeDirectory: /var/lib/imprimantes\n",
    }
    parts = [header.encode(), entry(ZOE, 1, portrait(0)).encode()]
    taken, people = {"zoe.lefevre"}, [ZOE]
    photos = [(12, 1), (41, 2), (88, 3), (133, 4), (171, 5)]
    while len(people) < PEOPLE:
        found = somebody(taken)
        if found is None:
            continue
        person, woman = found
        at = len(people)
        people.append(person)
        photo = None
        if photos and at >= photos[0][0] and PORTRAITS[photos[0][1]][5] == woman:
            photo = portrait(photos.pop(0)[1])
        if at in broken:
            parts.append(broken[at])
        parts.append(entry(person, at + 1, photo, locked=at in (60, 150)).encode())
    parts.append(
        b"dn: cn=directeurs,ou=groupes,dc=banque-garonne,dc=example\nobjectClass: groupOfNames\ncn: directeurs\n"
        b"member: uid=zoe.lefevre,ou=personnes,dc=banque-garonne,dc=example\n"
    )
    return b"\n".join(parts)


def csv():
    header = "Nom;Prénom;Fonction;Service;Agence;Téléphone;Portable;Courriel;Adresse;Code postal;Ville;Pays;Site web;Actif"
    office, street, code, town = OFFICES[2]
    rows = [header]
    taken = set()
    while len(rows) < 13:
        found = somebody(taken)
        if found is None:
            continue
        of = dict(found[0])
        cells = [of["sn"], of["givenName"], of.get("title", ""), of.get("department", ""), office]
        cells += [of.get("telephoneNumber", "").replace("+33 5", "05"), of.get("mobile", "").replace("+33 6", "06")]
        cells += [of["uid"] + "@" + DOMAIN, street, code, town, "France"]
        cells += [of.get("labeledURI", "").split(" ")[0], "non" if len(rows) == 9 else "oui"]
        if len(rows) == 4:
            cells[2] = "Conseillère ; épargne et \"placements\""
        rows.append(";".join('"' + c.replace('"', '""') + '"' if set(c) & set(';"\n') else c for c in cells))
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()


if __name__ == "__main__":
    (HERE / "garonne.ldif").write_bytes(ldif())
    (HERE / "agence-pau.csv").write_bytes(csv())
