# Première mise en route, connexion, comptes.

first-run-title = Bienvenue
first-run-text = Créez le compte qui administre Estampe pour { $organisation }.
first-run-token = Jeton de mise en route
first-run-token-hint = Sur le serveur, la commande « estampe first-run » l’affiche.
first-run-name = Votre nom
first-run-email = Courriel
first-run-email-hint = Il sert à vous connecter.
first-run-password = Mot de passe
first-run-password-hint = Douze caractères au moins. Une phrase se retient mieux.
first-run-submit = Créer le compte
first-run-token-wrong = Ce jeton n’est pas valable. Affichez-en un nouveau sur le serveur.
first-run-name-needed = Indiquez votre nom, sur une ligne.
first-run-email-wrong = Cette adresse ne va pas. Elle devrait ressembler à prenom@exemple.fr.
password-too-short = Il est trop court : douze caractères au moins.
password-too-long = Il est trop long : 256 caractères au plus.
password-too-uniform = Il répète trop le même caractère. Utilisez-en au moins cinq différents.

sign-in-title = Connexion
sign-in-text = Console de { $organisation }
sign-in-email = Courriel
sign-in-password = Mot de passe
sign-in-submit = Se connecter
sign-in-wrong = Ce courriel et ce mot de passe ne vont pas ensemble.
sign-in-throttled = La connexion n’est pas possible pour l’instant. Attendez un quart d’heure, puis réessayez.
sign-in-full = Personne ne peut se connecter pour l’instant : le stockage du serveur est plein. Prévenez la personne qui l’administre ; dès qu’il y aura de la place, tout fonctionnera de nouveau.

sign-out = Se déconnecter

welcome-title = Choisissez votre mot de passe
welcome-text = Un compte vous a été ouvert dans la console de { $organisation }.
welcome-token = Jeton
welcome-token-hint = La personne qui a créé le compte vous l’a donné. Il ne sert qu’une fois.
welcome-token-wrong = Ce jeton n’est pas valable, ou il est trop ancien. Demandez-en un nouveau à la personne qui administre les comptes.
welcome-submit = Choisir et se connecter

nothing-title = Il n’y a encore rien ici pour vous
nothing-person = Vous êtes bien connecté, mais votre compte n’est relié à aucune personne : il n’a ni carte ni contacts à montrer. Demandez à qui administre les comptes de choisir votre personne.
nothing-role = Vous êtes bien connecté, mais les rôles de votre compte n’ouvrent aucune rubrique. Demandez à qui administre les comptes le rôle qu’il vous faut.

nav-teams = Équipes
teams-text = Les groupes que quelqu’un dirige : un responsable d’équipe voit leurs personnes, et les contacts qu’elles reçoivent.
teams-empty = Personne ne dirige encore de groupe. Donnez à un compte le rôle « Responsable d’équipe », puis ajoutez-lui un groupe de l’annuaire sur sa page.
teams-empty-own = Aucune équipe ne vous a encore été confiée. Demandez à qui administre les comptes.
teams-column-name = Équipe
teams-column-leaders = Dirigée par

nav-accounts = Comptes
nav-own = Ma carte

accounts-title = Comptes
accounts-text = Qui peut se connecter ici, et pour quoi faire.
accounts-count = { $count ->
    [one] Un compte
   *[other] { $count } comptes
}
account-name = Nom
account-roles = Rôles
account-state = État
account-active = actif
account-invited = pas encore de mot de passe
account-disabled = désactivé
account-new = Nouveau compte
account-new-text = Il n’a pas encore de mot de passe : vous recevez un jeton à transmettre, qui permet d’en choisir un.
account-create = Créer le compte
account-address-taken = Un compte a déjà cette adresse.
account-role-needed = Choisissez au moins un rôle.
account-last = C’est le dernier administrateur. Nommez-en d’abord un autre.
account-save = Enregistrer
account-sessions-end = Qui est connecté avec ce compte devra se reconnecter.
account-invite = Nouveau jeton
account-invite-again = Nouveau jeton pour un autre mot de passe
account-disable = Désactiver ce compte
account-enable = Réactiver ce compte
account-token-title = Transmettez ce jeton
account-token-text = { $name } s’en sert une fois, dans les sept jours, pour choisir un mot de passe. Il ne s’affiche que maintenant.
account-token-where = Où
account-token = Jeton
account-person = Personne
account-person-hint = Un collaborateur voit la carte et les contacts de cette personne, et ne se connecte que tant que l’annuaire la compte.
account-person-none = À personne
account-person-see = Voir cette personne
account-find = Chercher une personne
account-find-hint = Nom ou courriel, comme dans la liste des personnes.
account-find-nobody = Personne ne correspond à ces mots.
account-find-several = Plusieurs personnes correspondent. Choisissez-en une, ou précisez.
account-candidates = Laquelle ?
account-teams = Équipes
account-teams-hint = Un responsable d’équipe voit les personnes de ces groupes, et les contacts qu’elles reçoivent.
account-team-add = Ajouter un groupe
account-team-hint = Son nom, comme sur la page de sa source, ou son identifiant.
account-team-unknown = Aucun groupe ne porte ce nom.
account-team-several = Plusieurs sources ont un groupe de ce nom. Donnez son identifiant : estampe group list l’affiche.

role-employee = Collaborateur
role-employee-hint = Sa propre carte, et les contacts reçus par elle.
role-team-manager = Responsable d’équipe
role-team-manager-hint = Les personnes et les contacts de ses équipes.
role-card-designer = Graphiste des cartes
role-card-designer-hint = Voit les personnes ; l’aspect des cartes viendra.
role-integrator = Intégrateur
role-integrator-hint = Sources, synchronisations et extensions ; ce qu’une extension peut atteindre reste à l’administrateur.
role-auditor = Auditeur
role-auditor-hint = Lit réglages, synchronisations et personnes, et ne modifie rien. Pas les contacts.
role-dpo = Délégué à la protection des données
role-dpo-hint = Lit ce qui est connu de qui, contacts compris.
role-administrator = Administrateur
role-administrator-hint = Tout.
