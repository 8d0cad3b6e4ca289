# La console : accueil, personnes, sources, contacts reçus, courriels.

nav-label = Rubriques
nav-menu = Menu
zone-note = Heures de { $zone }, le fuseau horaire du serveur.
nav-home = Accueil
nav-people = Personnes
nav-leads = Contacts reçus
nav-sources = Sources
nav-outbox = Courriels
nav-search = Chercher une personne
nav-account = Votre compte

home-hello = Bonjour { $name }
home-well = Tout va bien.
home-attention = { $count ->
    [one] Un point demande un regard. Le reste va bien.
   *[other] { $count } points demandent un regard. Le reste va bien.
}
home-attention-title = À regarder
home-figures = Chiffres
home-held-title = La synchronisation « { $source } » attend votre accord
home-held-gone = { $count ->
    [one] Une personne sur { $known } disparaîtrait ({ $percent } %). Rien n’a été modifié.
   *[other] { $count } personnes sur { $known } disparaîtraient ({ $percent } %). Rien n’a été modifié.
}
home-held-groups-gone = { $count ->
    [one] Un groupe sur { $known } disparaîtrait. Rien n’a été modifié.
   *[other] { $count } groupes sur { $known } disparaîtraient. Rien n’a été modifié.
}
home-held-plan = { $count ->
    [0] Le plan est prêt : seuls des groupes changent. Rien n’a été modifié.
    [one] Le plan est prêt : un changement. Rien n’a été modifié.
   *[other] Le plan est prêt : { $count } changements. Rien n’a été modifié.
}
home-held-action = Voir le plan
home-failed-title = La synchronisation « { $source } » n’a pas abouti
home-failed-text = Rien n’a été modifié. { $reason }
home-failed-action = Examiner
home-mail-title = { $count ->
    [one] Un courriel n’a pas pu partir
   *[other] { $count } courriels n’ont pas pu partir
}
home-mail-text = Les contacts reçus sont bien enregistrés.
home-mail-action = Examiner
home-outage-title = Le serveur de courriel est inutilisable depuis le { $when }
home-outage-text = { $reason } { $count ->
    [0] Aucun courriel n’attend.
    [one] Un courriel attend et partira de lui-même.
   *[other] { $count } courriels attendent et partiront d’eux-mêmes.
}
outage-name = Son nom n’a pas d’adresse : vérifiez smtp.host et le service de noms.
outage-connection = Il n’accepte aucune connexion.
outage-silent = Il accepte la connexion et ne répond pas.
outage-tls = La connexion TLS échoue : vérifiez son certificat et smtp.ca_file.
outage-sign-in = Il refuse notre nom et notre mot de passe : vérifiez smtp.username et smtp.password_file.
outage-answer = Il répond qu’il ne peut pas travailler pour l’instant.
home-plugin-title = L’extension { $plugin } ne peut pas servir
home-plugin-waits-title = { $plugin } { $version } attend votre accord
home-plugin-waits-text = Sa page dit ce qu’elle demande et qui l’a signée.
home-plugin-action = Voir l’extension
home-no-mail-title = Aucun serveur de courriel n’est réglé
home-no-mail-text = { $count ->
    [0] Rien n’attend encore. Réglez smtp.host, puis redémarrez le service.
    [one] Un courriel attend. Il partira dès que smtp.host sera réglé et le service redémarré.
   *[other] { $count } courriels attendent. Ils partiront dès que smtp.host sera réglé et le service redémarré.
}
home-source-title = Aucun annuaire n’est encore relié
home-source-text = Une source dit à Estampe qui travaille ici. Les cartes en naissent.
home-source-action = Relier un annuaire
figure-cards = { $count ->
    [one] carte en ligne
   *[other] cartes en ligne
}
figure-people = { $count ->
    [one] personne connue
   *[other] personnes connues
}
figure-leads = { $count ->
    [one] contact reçu en 30 jours
   *[other] contacts reçus en 30 jours
}
figure-mails = { $count ->
    [one] courriel à envoyer
   *[other] courriels à envoyer
}

groups-title = Groupes
groups-text = Les groupes que donne cette source, et combien de personnes en font partie, y compris par d’autres groupes.
groups-count = { $count ->
    [one] { $count } groupe
   *[other] { $count } groupes
}
groups-empty = Aucun groupe n’est encore connu ici. Activez-les dans les réglages de la source, si son extension en lit ; la prochaine synchronisation remplira cette page.
groups-column-name = Groupe
groups-column-people = Personnes

people-title = Personnes
people-count = { $count ->
    [0] Personne ne correspond.
    [one] Une personne
   *[other] { $count } personnes
}
people-count-least = Plus de { $count } personnes
people-search = Chercher
people-search-hint = Nom, fonction ou courriel
people-filter = Montrer
people-all = toutes
people-active = présentes
people-disabled = désactivées
people-empty = Personne n’est encore connu ici. Reliez un annuaire, et la première synchronisation remplira cette page.
people-empty-search = Aucune personne ne correspond à cette recherche.
people-column-name = Personne
people-column-email = Courriel
people-column-office = Bureau ou service
people-column-state = Carte
people-clear = Tout montrer
person-active = en ligne
person-disabled = désactivée
person-card = Voir sa carte
person-card-own = Voir ma carte
person-changed = Modifiée le { $when }
person-profile = Ce que montre sa carte
person-profile-own = Ce que montre ma carte
person-identities = D’où elle vient
person-identities-none = Aucune source ne la connaît plus.
person-leads = Contacts reçus
person-disabled-text = Sa carte n’est plus montrée. Rien n’est effacé : elle revient si l’annuaire la compte de nouveau.
next-page = Page suivante
first-page = Revenir au début

sources-title = Sources
sources-text = Ce qui dit à Estampe qui travaille ici.
sources-add = Relier un annuaire
sources-empty = Aucun annuaire n’est encore relié. Commencez par un fichier CSV ou LDIF exporté du vôtre.
sources-column-name = Source
sources-column-plugin = Extension
sources-column-people = Personnes
sources-column-run = Dernière synchronisation
sources-never = jamais synchronisée
source-new-title = Relier un annuaire
source-new-text = Rien n’est lu avant la première synchronisation, et vous en verrez le plan.
source-new-name = Nom de la source
source-new-name-hint = Par exemple « Annuaire RH ».
source-new-plugin = Extension
source-new-path = Fichier sur le serveur
source-new-path-hint = Chemin complet. Le compte « estampe » doit pouvoir le lire.
source-new-choose = Avec quelle extension ?
source-new-install = Voir les extensions
source-new-example = Par exemple { $example }
source-new-default = par défaut : { $default }
source-new-yes = oui
source-new-no = non
problem-config-long = C’est plus long que 16 Kio.
problem-config-flag = Oui ou non.
problem-config-integer = Donnez un nombre entier.
problem-config-between = Donnez un nombre entier de { $least } à { $most }.
problem-config-least = Donnez un nombre entier, au moins { $least }.
problem-config-most = Donnez un nombre entier, au plus { $most }.
problem-config-choice = L’un de ces mots : { $words }
problem-config-pair = « { $part } » n’est pas de la forme nom=valeur.
problem-config-unknown = L’extension ne connaît pas cette valeur.
problem-config-picture = Donnez l’adresse d’une image : https://… ou cid:…
problem-config-address = Donnez l’adresse d’un service, comme https://annuaire.exemple.
problem-config-again = À saisir de nouveau : « { $key } » dit où il est envoyé, et change.
source-new-submit = Ajouter la source
source-new-no-plugin = Aucune extension n’est installée. Il en faut une pour lire un annuaire.
source-new-name-taken = Une source porte déjà ce nom.
source-new-name-wrong = Ce nom ne va pas : une ligne, sans barre oblique.
source-new-path-wrong = Donnez le chemin complet du fichier sur le serveur, depuis la racine : /srv/annuaire.csv.
source-sync = Synchroniser
schedule-title = Rythme
schedule-text = Une fois une première synchronisation appliquée, la source est relue d’elle-même. Les départs trop nombreux attendent toujours votre accord.
schedule-never = jamais d’elle-même
schedule-minutes = toutes les { $count } minutes
schedule-hours = { $count ->
    [one] toutes les heures
   *[other] toutes les { $count } heures
}
source-compare = Comparer tout le monde maintenant
run-mode-full = tout le monde
run-mode-incremental = ce qui a changé
source-plan = Préparer un plan seulement
source-check = Vérifier l’accès
source-check-title = Vérification
source-check-passed = bon
source-check-failed = à corriger
source-settings = Réglages
source-settings-title = Modifier les réglages
source-settings-text = La prochaine synchronisation relira tout. Comme toujours, les départs trop nombreux attendront votre accord.
source-settings-change = Modifier les réglages
source-settings-save = Enregistrer
source-settings-none = Cette extension n’a rien à régler.
source-settings-run = Une synchronisation de cette source est ouverte. Terminez-la d’abord ; rien n’a été modifié.
source-settings-run-see = Voir la synchronisation
source-settings-changed = La source a été modifiée entre-temps. Rien n’a été écrasé.
source-settings-changed-see = Voir son état actuel
source-secret-set = Une valeur est enregistrée. Laissez vide pour la garder.
source-secret-again = À saisir de nouveau : un secret n’est jamais réaffiché.
source-plugin = Extension
source-people = { $count ->
    [0] Personne n’en vient encore.
    [one] Une personne en vient.
   *[other] { $count } personnes en viennent.
}
source-runs = Synchronisations
source-runs-empty = Aucune encore. « Préparer un plan seulement » montre ce qui changerait, sans rien toucher.
runs-column-when = Début
runs-column-state = État
runs-column-changes = Changements
runs-column-refused = Refusées

leads-title = Contacts reçus
leads-count = { $count ->
    [0] Aucun contact pour l’instant.
    [one] Un contact
   *[other] { $count } contacts
}
leads-empty = Quand quelqu’un laisse ses coordonnées sur une carte, elles arrivent ici et par courriel chez la personne concernée.
leads-column-name = Contact
leads-column-company = Société
leads-column-for = Pour
leads-column-when = Reçu
leads-column-when-in = Reçu ({ $zone })
leads-column-agreed = Accepté : { $purpose }
leads-agreed = oui
leads-not-agreed = non
lead-erased = Données effacées
lead-erased-text = La clé de ces données a été détruite. Il en reste la date et les preuves d’accord.
lead-for = Pour
lead-received = Reçu le { $when }
lead-details = Coordonnées
lead-reply = Répondre par courriel
lead-reply-subject = Votre échange avec { $holder }
lead-call = Appeler
lead-keep = Ajouter à mes contacts
lead-note = A laissé ses coordonnées sur la carte de { $holder }, { $organisation }, le { $when }.
lead-note-house = A laissé ses coordonnées à { $organisation } le { $when }.
lead-consents = Ce qui a été dit et accepté
lead-consents-none = Aucune preuve n’est attachée à ce contact.
lead-consent-granted = accepté
lead-consent-refused = non coché
lead-consent-informed = informé
lead-consent-told = version { $version }, { $when }
lead-mails = Courriels
lead-mails-none = Aucun courriel.

mail-kind-acknowledgement = Copie au visiteur
mail-kind-notice = Avis à la personne
mail-kind-invitation = Invitation
mail-kind-reset = Code pour un mot de passe oublié
mail-kind-password = Avis de changement de mot de passe
mail-kind-factors = Avis de changement de second facteur
mail-kind-browser = Avis de nouveau navigateur
mail-kind-signature = Signature envoyée à soi-même
mail-state-waiting = en attente
mail-state-running = en cours
mail-state-done = parti
mail-state-dead = abandonné
outbox-title = Courriels
outbox-text = Ceux qui ne sont pas encore partis, et ceux qui ne sont plus essayés. Les contacts sont enregistrés, quoi qu’il arrive ici.
outbox-empty = Aucun courriel n’a été abandonné : tous sont partis, ou partiront d’eux-mêmes.
outbox-column-mail = Courriel
outbox-column-since = Depuis
outbox-column-state = État
outbox-dead = { $count ->
    [one] Un courriel abandonné
   *[other] { $count } courriels abandonnés
}
outbox-waiting = { $count ->
    [one] Un courriel en attente
   *[other] { $count } courriels en attente
}
outbox-given-up = abandonné le { $when }
outbox-resend-all = { $count ->
    [one] L’envoyer à nouveau
   *[other] Envoyer à nouveau les { $count }
}
outbox-try-now = Essayer maintenant
outbox-column-tries = Essais
outbox-column-error = Dernière réponse
outbox-column-action = Action
outbox-lead = Voir le contact
outbox-resend = Envoyer à nouveau

leads-export = Télécharger en CSV
leads-export-title = Les contacts dans un fichier
leads-export-confirmed = C’est confirmé : votre fichier est prêt.
leads-export-text = Tous les contacts que vous voyez, avec ce que chaque personne a accepté. Le journal d’audit note que vous les emportez.
leads-export-format = Pour les tableurs en français : CSV à points-virgules. En anglais, la page donne des virgules, comme les programmes l’y attendent.
leads-export-back = Revenir aux contacts
