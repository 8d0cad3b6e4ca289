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
