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
password-too-uniform = Il est trop pauvre pour sa longueur : des chiffres seuls, ou les mêmes caractères répétés. Ajoutez des lettres, ou allongez-le.

sign-in-title = Connexion
sign-in-text = Console de { $organisation }
sign-in-email = Courriel
sign-in-password = Mot de passe
sign-in-submit = Se connecter
sign-in-wrong = Ce courriel et ce mot de passe ne vont pas ensemble.
sign-in-out = Vous êtes déconnecté.
sign-in-throttled = La connexion n’est pas possible pour l’instant. Attendez un quart d’heure, puis réessayez.
sign-in-full = Personne ne peut se connecter pour l’instant : le stockage du serveur est plein. Prévenez la personne qui l’administre ; dès qu’il y aura de la place, tout fonctionnera de nouveau.

sign-out = Se déconnecter

welcome-title = Choisissez votre mot de passe
welcome-text = Pour votre compte sur la console de { $organisation }.
welcome-token = Code
welcome-token-hint = Il est arrivé par courrier électronique, ou la personne qui a créé le compte vous l’a remis. Il ne sert qu’une fois.
welcome-token-wrong = Ce code n’est pas valable, ou il est trop ancien. Demandez-en un nouveau.
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
account-providers = Se connecte par { $providers }
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

# Second factors, sessions, one's own account.

password-guessable = Il est trop facile à deviner : mots courants, nom, date ou suite de touches. Plusieurs mots sans rapport entre eux font un bon mot de passe.
password-breached = Il fait partie de ceux qui ont été volés à d’autres services, ou que beaucoup utilisent. Choisissez-en un autre.
password-current-wrong = Ce n’est pas votre mot de passe actuel.

sign-in-passkey = Se connecter avec une clé d’accès
sign-in-passkey-wrong = Cette clé d’accès n’a pas été acceptée. Réessayez, ou connectez-vous avec votre mot de passe.
sign-in-forgotten = Mot de passe oublié ?
door-or = ou
passkey-failed = Cela n’a pas fonctionné. Réessayez, ou choisissez une autre voie.

second-title = Second facteur
second-text = Encore une étape pour entrer dans la console de { $organisation }.
second-code = Code
second-code-hint = Six chiffres de votre application, ou l’un de vos codes de secours.
second-recovery = Code de secours
second-recovery-hint = L’un des codes que vous avez gardés en ajoutant un second facteur. Chacun ne sert qu’une fois.
second-submit = Se connecter
second-passkey = Utiliser une clé d’accès
second-wrong = Ce n’était pas juste, ou cela a déjà servi. Attendez le code suivant, puis réessayez.
second-again = Revenir à la connexion

forgotten-title = Mot de passe oublié
forgotten-text = Indiquez l’adresse de votre compte : un code pour choisir un autre mot de passe arrive par courrier électronique. Votre second facteur ne change pas.
forgotten-submit = Envoyer le code
forgotten-sent-title = Regardez votre courrier
forgotten-sent = S’il existe un compte à cette adresse avec un mot de passe, un code est en route. Il est valable une heure, une seule fois.
forgotten-have-code = J’ai le code
forgotten-no-mail = Cette console n’a pas de serveur de courrier pour envoyer un code. Demandez-en un à la personne qui l’administre.

confirm-title = Est-ce toujours vous ?
confirm-text = Cette opération demande de la prudence. Confirmez votre identité ; ce que vous avez saisi est conservé.
confirm-submit = Confirmer
confirm-wrong = Ce n’était pas juste. Réessayez.
confirm-leave = Plus tard
confirm-sign-in-again = Cette opération demande de la prudence, et votre connexion date un peu. Déconnectez-vous, reconnectez-vous, puis recommencez.

own-title = Mon compte
own-must-enrol = Votre rôle exige un second facteur. Ajoutez-en un, et le reste s’ouvrira.
own-done-password = Votre mot de passe est changé. Les autres navigateurs ont été déconnectés.
own-done-factor = Le second facteur est ajouté.
own-done-removed = Le second facteur est retiré.
own-done-ended = Cette session est terminée.
own-last-factor = Votre rôle exige un second facteur. Ajoutez-en un autre avant de retirer celui-ci.
own-factors = Seconds facteurs
own-factors-text = Ce que vous possédez, en plus de ce que vous savez. Une clé d’accès est le plus sûr : personne ne peut vous la soutirer.
factor-passkey = Clé d’accès
factor-app = Application de codes
factor-used = utilisée { $ago }
factor-added = ajoutée { $when }
factor-remove = Retirer
factor-remove-label = Retirer { $name }
factor-passkey-add = Ajouter une clé d’accès
factor-app-add = Ajouter une application
factor-no-passkeys = Les clés d’accès demandent une console que l’on atteint par un nom, non par une adresse en chiffres.
own-codes = Codes de secours
own-codes-text = { $count ->
    [0] Il n’en reste aucun.
    [one] Il en reste un. Ils vous font entrer quand votre second facteur est perdu.
   *[other] Il en reste { $count }. Ils vous font entrer quand votre second facteur est perdu.
}
own-codes-new = En créer de nouveaux
own-password = Mot de passe
own-password-current = Mot de passe actuel
own-password-new = Nouveau mot de passe
own-password-ends = Les autres navigateurs sont déconnectés.
own-password-save = Changer le mot de passe
own-sessions = Sessions
own-sessions-text = Là où vous êtes connecté. Si vous n’en reconnaissez pas une, terminez-la et changez de mot de passe.
own-session-this = celle-ci
own-session-factor = avec un second facteur
own-session-seen = utilisée { $ago }
own-session-end = Terminer
own-session-end-label = Terminer la session de { $agent }
own-sessions-end = Terminer toutes les autres
own-agent-unknown = Navigateur inconnu
own-how-password = mot de passe
own-how-passkey = clé d’accès
own-how-token = code à usage unique

factor-new = Nouveau second facteur
factor-name = Nom
factor-name-needed = Donnez-lui un nom de 60 caractères au plus, sur une ligne.
factor-app-name = Mon téléphone
factor-app-name-hint = Pour le distinguer des autres.
factor-passkey-name = Mon appareil
factor-passkey-name-hint = Pour le distinguer des autres, par exemple « portable du bureau ».
factor-app-text = Lisez l’image avec une application de codes à usage unique, ou saisissez-y la clé. Puis entrez le code qu’elle affiche.
factor-qr = Code QR pour l’application
factor-seed = Clé à saisir
factor-code = Code
factor-code-hint = Les six chiffres que l’application affiche maintenant.
factor-code-wrong = Ce n’est pas le code de cet instant. Vérifiez l’heure de votre téléphone.
factor-add = Ajouter
factor-passkey-text = Votre appareil, son lecteur d’empreintes ou une clé de sécurité vous connectera désormais.
factor-passkey-make = Créer la clé d’accès
factor-passkey-wrong = La clé d’accès n’a pas été acceptée. Réessayez.
factor-passkey-script = Une clé d’accès demande JavaScript, désactivé dans ce navigateur. Une application de codes s’en passe.
codes-text = Chacun vous fait entrer une fois quand votre second facteur est perdu. Ils ne s’affichent que maintenant : imprimez-les ou rangez-les dans votre gestionnaire de mots de passe.
codes-kept = Je les ai gardés

account-factors-reset = Retirer les seconds facteurs
account-factors-reset-hint = Pour qui les a perdus. Assurez-vous d’abord, par une autre voie, que c’est bien la personne qui le demande.
account-sessions-end-all = Terminer toutes les sessions

approvals-title = Second regard
approvals-text = Ce qu’une personne qui administre a demandé et qu’une autre doit approuver, dans les sept jours.
approvals-empty = Rien n’attend.
approval-asked = demandé par { $name } { $ago }
approval-about = Voir de quoi il s’agit
approval-agree = Approuver et exécuter
approval-agree-only = Approuver
approval-refuse = Refuser
approval-withdraw = Retirer
approval-cannot = Cela ne peut se faire : c’est déjà décidé, vous l’avez demandé vous-même, ou autre chose s’y oppose. Regardez de quoi il s’agit.
approval-add = Un nouveau compte pour { $name } : { $roles }
approval-roles = D’autres rôles pour { $account } : { $roles }
approval-enable = Activer le compte de { $account }
approval-invite = Un nouveau jeton pour que { $account } choisisse un mot de passe : qui approuve le voit, et le lui remet
approval-reset-factors = Retirer ses seconds facteurs à { $account }
approval-disable = Désactiver le compte de { $account }
approval-change = Une autre personne ou d’autres équipes pour le compte de { $account }
approval-grant = { $plugin } pourra atteindre : { $items }
approval-provider-add = Un nouveau fournisseur de connexion, sans son secret, à donner ensuite : { $settings }
approval-provider-change = D’autres réglages du fournisseur de connexion { $name } : { $settings }
approval-drops-secret = Le secret qu’Estampe y a est oublié, et jamais envoyé à la nouvelle adresse : tant qu’il n’est pas donné à nouveau, personne ne se connecte par ce fournisseur s’il en demande un.
approval-export = Emporter les contacts de tout le monde dans un fichier, une fois
approval-export-own = Emporter ses propres contacts dans un fichier, une fois
approval-export-teams = { $count ->
    [0] Emporter les contacts d’aucune équipe dans un fichier, une fois
    [one] Emporter les contacts de l’équipe dirigée dans un fichier, une fois
   *[other] Emporter les contacts des { $count } équipes dirigées dans un fichier, une fois
}
approval-token-own = Un jeton à soi, « { $name } », valable { $days } jours : { $scopes }
approval-token-service = Un jeton pour un service, « { $name } », valable { $days } jours : { $scopes }
approval-end-erase = Déconnecter la source { $source } et effacer { $count ->
        [one] une personne
       *[other] { $count } personnes
    }
approval-end-disable = Déconnecter la source { $source } et retirer { $count ->
        [one] une carte
       *[other] { $count } cartes
    }
approval-publish = Écrire des signatures dans { $count ->
        [one] une boîte de messagerie
       *[other] { $count } boîtes de messagerie
    } de { $source }
approval-agreed = approuvé, valable une fois dans la journée

own-more = Autres accès
home-second-title = { $count ->
    [one] Une demande attend un second regard
   *[other] { $count } demandes attendent un second regard
}
home-second-action = Voir

account-invite-mail = Envoyer un code par courrier
account-invite-sent = Le code est en route par courrier électronique. Il ne sert qu’une fois, pendant sept jours.
