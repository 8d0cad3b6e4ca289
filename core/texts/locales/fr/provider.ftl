# Connexion par un fournisseur.

sign-in-with = Continuer avec { $label }
sign-in-away-title = Vers { $label }
sign-in-away-text = Vous vous connectez là-bas, puis revenez ici. Si rien ne se passe, appuyez sur le bouton.
sign-in-directory-name = Identifiant ou courriel
sign-in-directory-text = Avec votre identifiant et votre mot de passe de { $organisation }
sign-in-directory-wrong = Cet identifiant et ce mot de passe ne vont pas ensemble.
sign-in-directory-away = La connexion n’est pas possible pour l’instant. Attendez un quart d’heure, puis réessayez.

sign-in-why-again = Cette connexion a duré trop longtemps, ou a été commencée dans une autre fenêtre ou un autre navigateur. Recommencez. ({ $code })
sign-in-why-denied = L’accès vous a été refusé là-bas, ou vous êtes revenu en arrière. Recommencez, ou connectez-vous autrement. ({ $code })
sign-in-why-away = Le service de connexion n’est pas utilisable pour l’instant. Si cela dure, dites à votre administrateur : { $code }
sign-in-why-not-believed = La réponse du service de connexion n’est pas digne de confiance : vous n’êtes pas connecté. Dites à votre administrateur : { $code }
sign-in-why-outside = Ce compte est celui d’une autre organisation. Choisissez celui de votre travail. ({ $code })
sign-in-why-no-account = C’est bien vous, mais aucun compte ici n’est le vôtre. Demandez-en un à votre administrateur. ({ $code })
sign-in-why-no-address = C’est bien vous, mais aucun compte ne peut être créé : votre adresse électronique y manque, ou n’y est pas confirmée. Prévenez votre administrateur. ({ $code })
sign-in-why-address-taken = Un compte a déjà votre adresse électronique, et une adresse seule ne prouve rien. Connectez-vous à ce compte comme avant et reliez les deux sous « Moyens de connexion », ou demandez une invitation à votre administrateur. ({ $code })
sign-in-why-no-role = C’est bien vous, mais rien ici ne vous est encore destiné. Prévenez votre administrateur. ({ $code })
sign-in-why-inactive = Votre compte n’est pas en service. Prévenez votre administrateur. ({ $code })
sign-in-why-identity-taken = Cette identité est déjà reliée à un autre compte. ({ $code })
sign-in-why-other-account = Quelqu’un d’autre est maintenant connecté ici. Recommencez. ({ $code })

own-ways-title = Moyens de connexion
own-ways-text = En plus de votre mot de passe : qui d’autre peut dire que c’est vous.
own-ways-none = Il n’y a pas de fournisseur de connexion ici.
own-ways-joined = Relié depuis le { $date }.
own-ways-directory = Se relie de lui-même quand vous vous connectez par lui, si vous êtes dans cet annuaire.
own-ways-join = Relier { $label }
own-ways-leave = Retirer { $label }
own-ways-only = Il reste : sans lui, ce compte ne pourrait plus se connecter, ou n’aurait plus de rôle.

providers-title = Fournisseurs de connexion
providers-text = Qui d’autre peut dire qui est quelqu’un : votre authentification unique, ou un annuaire.
providers-none = Aucun pour l’instant. D’ici là, chacun se connecte avec son propre mot de passe.
provider-new = Nouveau fournisseur
provider-text = On reconnaît quelqu’un à son identité là-bas, jamais à son adresse électronique.
provider-label = Texte du bouton
provider-label-hint = « Continuer avec… », à l’entrée.
provider-name = Nom dans les adresses
provider-name-hint = Lettres de a à z, chiffres, tirets.
provider-kind = Type
provider-kind-oidc = OpenID Connect
provider-kind-google = Google
provider-kind-microsoft = Microsoft
provider-kind-directory = Annuaire d’une source
provider-issuer = Émetteur (issuer)
provider-issuer-hint = Pour OpenID Connect : lettre pour lettre comme le fournisseur l’écrit, avec ou sans barre oblique à la fin.
provider-tenant = Locataire (tenant)
provider-tenant-hint = Pour Microsoft : l’identifiant de l’annuaire (locataire).
provider-domain = Domaine
provider-domain-hint = Pour Google : le domaine dont les gens peuvent venir.
provider-client-id = Identifiant client
provider-client-id-hint = Qui est cet appareil là-bas. Pas pour un annuaire.
provider-secret = Secret client
provider-secret-hint = Aucun pour un client public.
provider-secret-set = Il y en a un. Laissez vide pour le garder.
provider-no-secret = Retirer le secret
provider-scopes = Portées (scopes)
provider-scopes-hint = En plus de « openid ». D’habitude : email profile
provider-groups-claim = Attribut des groupes
provider-groups-claim-hint = Où les règles ci-dessous trouvent les groupes : groups, roles, realm_access.roles
provider-networks = Réseaux privés
provider-networks-hint = Pour un fournisseur dans votre réseau : les réseaux que l’on peut atteindre pour lui, par exemple 10.0.0.0/8.
provider-source = Source
provider-source-hint = Pour un annuaire : le nom de la source dont les gens se connectent avec le mot de passe qu’ils y ont.
provider-who = Qui peut venir
provider-who-all = quiconque y est connu
provider-who-known = qui a un compte ici
provider-create = Créer un compte pour qui vient
provider-create-hint = Sinon, seuls entrent ceux qui ont un compte ou une invitation.
provider-roles = Rôles des comptes ainsi créés
provider-rules = Rôles selon le groupe
provider-rules-hint = Une règle par ligne : groupe=rôle. Elles valent à chaque connexion ; les rôles donnés à la main restent. Rôles : { $roles }
provider-save = Enregistrer
provider-check = Essayer la connexion
provider-remove = Retirer ce fournisseur
provider-remove-text = Plus personne ne vient de là, ce qui était relié ne l’est plus, et les rôles de ses règles disparaissent. Les comptes restent.
provider-redirect = Adresse de retour
provider-redirect-text = Enregistrez-la là-bas, lettre pour lettre.
provider-good = Il répond ; son document et ses clés sont lisibles ({ $keys ->
    [one] une clé
   *[other] { $keys } clés
}).
provider-bad = Il n’est pas utilisable ({ $code }) : { $detail }
provider-try-source = Un annuaire s’essaie à sa source : { $source }

provider-problem-name = Il faut de 1 à 40 lettres de a à z, chiffres et tirets.
provider-problem-taken = Un autre fournisseur l’a déjà.
provider-problem-kind = Choisissez l’un de ceux-ci.
provider-problem-issuer = Il faut une adresse qui commence par https:// et n’a pas de requête.
provider-problem-tenant = Il faut l’identifiant d’un seul locataire, pas son nom, « common » ni « organizations ».
provider-problem-domain = Il faut un domaine, par exemple exemple.fr.
provider-problem-network = Il faut des réseaux comme 10.0.0.0/8, séparés par une espace.
provider-problem-source = Aucune source ne porte ce nom.
provider-problem-role = Ce rôle n’existe pas.
provider-problem-rule = Chaque ligne est groupe=rôle.
provider-problem-group = La source n’a pas ce groupe, ou plusieurs ont ce nom.
provider-problem-many = Il y en a trop.
provider-problem-no-role = Il faut un rôle à qui reçoit un compte : choisissez-en un, ou écrivez des règles.
provider-problem-again = L’émetteur a changé : saisissez son secret, pour que celui du premier ne lui soit pas envoyé.
