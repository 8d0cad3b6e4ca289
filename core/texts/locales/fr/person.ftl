# Une personne modifiée à la main, et à qui revient chaque champ.

person-edit = Modifier
person-edit-title = Modifier { $name }
person-edit-none = Tout ce que montre votre carte vient de l’annuaire. Adressez-vous à qui le tient.
person-edit-text = Ce que vous saisissez ici est montré aussitôt, et aucune synchronisation ne l’écrase. Ce que vous laissez reste tel quel.
person-edit-save = Enregistrer et montrer
person-saved = C’est enregistré.
person-asked = C’est noté. La carte le montrera quand l’annuaire l’aura repris.
person-edit-stale = Cette fiche a été modifiée entre-temps. Rien n’a été écrasé.
person-edit-stale-text = Votre saisie est ci-dessous ; les autres champs montrent ce qu’ils contiennent maintenant. Relisez, puis enregistrez de nouveau.
person-edit-now = Montré entre-temps : { $value }
person-edit-now-nothing = Entre-temps, rien n’y est plus montré.
person-from-directory = Vient de « { $source } ». Votre saisie primera sur sa valeur.
person-from-written = Vient de « { $source } ». Votre saisie y sera écrite après accord, et montrée ensuite.
person-from-once = Pris dans « { $source } » une fois, à la création. Les synchronisations n’y touchent plus.
person-from-own = Revient à la personne : « { $source } » ne le remplit jamais.
person-share = Partager ma carte
person-share-text = Qui ouvre cette adresse voit votre carte, l’ajoute à ses contacts et peut vous laisser ses coordonnées.
person-share-link = L’adresse de ma carte
person-share-qr = Montrer mon QR
person-share-file = Ma carte en fichier (.vcf)
person-from-yours = C’est vous qui le tenez : « { $source } » ne le remplit jamais.
person-from-entered = Saisi ici.
person-from-entered-over = Saisi ici et gardé. « { $source } » dit : { $value }
person-from-entered-nothing = Saisi ici et gardé. « { $source } » ne dit rien.
person-from-nowhere = Aucune source ne dit rien de cette personne.
person-stale = Cette fiche a été modifiée entre-temps. Rien n’a été fait ; voici son état actuel.
person-nothing = rien
person-entered = Saisi ici
person-entered-text = Les synchronisations ne touchent pas à ces valeurs.
person-says = « { $source } » dit : { $value }
person-says-nothing = « { $source } » ne dit rien.
person-give-back = Rendre à l’annuaire
person-conflict-title = { $field } : « { $source } » dit maintenant autre chose
person-conflict-kept = Montré, saisi ici
person-conflict-said = { $source }
person-conflict-keep = Garder la saisie
person-conflict-take = Prendre celle de l’annuaire
input-name = Nom entier, tel que montré
input-given-name = Prénom
input-family-name = Nom de famille
input-street = Rue
input-postal-code = Code postal
input-city = Ville
input-region = Région
input-country = Pays
input-phone = Numéro { $row }
input-phone-kind = Type du numéro { $row }
phone-work = professionnel
phone-mobile = portable
input-email = Courriel { $row }
input-link = Adresse web { $row }
input-link-label = Texte de l’adresse { $row }
input-language-none = inconnue
problem-language = Choisissez le français ou l’anglais.
people-conflicts = à départager
people-conflicts-count = { $count ->
    [one] Une personne a des valeurs à départager
   *[other] { $count } personnes ont des valeurs à départager
}
home-conflicts-title = { $count ->
    [one] Une personne a des valeurs à départager
   *[other] { $count } personnes ont des valeurs à départager
}
home-conflicts-text = L’annuaire dit maintenant autre chose que ce qui a été saisi ici. C’est la saisie qui est montrée.
home-conflicts-action = Départager
run-kept = gardé, saisi ici ; la source dit : { $value }
owner-directory = Toujours de l’annuaire
owner-written = De l’annuaire ; les changements y sont écrits après accord
owner-once = De l’annuaire, une fois, à la création
owner-own = Jamais : il revient à la personne
source-fields = Origine des champs
source-fields-title = D’où vient chaque champ
source-fields-text = S’applique à la prochaine synchronisation, qui regarde tout le monde. Ce qui a été saisi dans Estampe est gardé, quel que soit votre choix.
source-fields-name = L’annuaire le donne au moins une fois : sans nom, personne ne peut être créé.
source-fields-not-written = Cette source ne peut pas écrire ce champ : son extension ne le fait pas, cela ne lui a pas été accordé, ou la correspondance fait le champ de plusieurs attributs.
source-fields-save = Enregistrer
source-fields-changed = Ces choix ont été modifiés entre-temps. Les vôtres sont ci-dessous : relisez, puis enregistrez de nouveau.
