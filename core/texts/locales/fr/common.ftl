# Mots communs à toutes les pages.

app-name = Estampe
language-name = Français
skip-to-content = Aller au contenu
optional = facultatif

ago-now = à l’instant
ago-minutes = il y a { $count } min
ago-hours = il y a { $count } h
ago-days = { $count ->
    [one] hier
   *[other] il y a { $count } jours
}

field-name = Nom
field-pronouns = Pronoms
field-title = Fonction
field-organisation = Organisation
field-department = Service
field-office = Bureau
field-phones = Téléphones
field-emails = Courriels
field-links = Liens
field-address = Adresse
field-language = Langue
field-photo = Photo

form-problems = { $count ->
    [one] Un champ est à revoir
   *[other] { $count } champs sont à revoir
}
problem-empty = Ce champ doit être rempli.
problem-empty-name = Indiquez votre nom.
problem-empty-email = Indiquez une adresse : la copie y sera envoyée.
problem-too-long = C’est trop long : { $max } caractères au plus.
problem-control = Un caractère invisible s’est glissé dans ce texte. Effacez-le et tapez-le à nouveau.
problem-not-an-email = Cette adresse est incomplète. Elle devrait ressembler à prenom@exemple.fr.
problem-comma = Une virgule s’est glissée : vouliez-vous { $meant } ?
problem-no-at = Il manque le signe @ dans cette adresse.
problem-not-a-phone = Ce numéro ne peut pas être appelé. Gardez les chiffres, les espaces et un + au début.
problem-impossible-phone = Ce numéro n’existe pas : il manque un chiffre, il y en a un de trop, ou l’indicatif du pays après le + n’en est pas un.
problem-not-a-link = Cette adresse web devrait commencer par https://.
