# Jetons de l’API.

tokens-title = Jetons d’API
tokens-text = Un programme qui agit pour vous en présente un. Il peut ce que vous pouvez, dans la limite de ce que vous cochez ici ; il s’arrête quand vous partez.
tokens-services-title = Jetons de service
tokens-services-text = Pour les programmes qui n’agissent pour personne. Ils voient tout le monde, dans la limite de ce qui est coché, que la personne qui les a créés reste ou parte.
tokens-none = Aucun jeton pour l’instant.
token = Jeton
token-name = Nom
token-name-hint = À quoi il sert : « Annuaire de l’intranet ».
token-name-needed = Indiquez un nom, sur une ligne.
token-days = Jours
token-days-hint = Sa durée, { $most } au plus.
token-days-wrong = Cela ne va pas : un nombre entier, dans la limite.
token-scopes = Ce qu’il peut faire
token-scope-needed = Cochez au moins une chose qu’il peut faire.
token-too-many = Il y a déjà trop de jetons. Révoquez-en un d’abord.
token-new = Nouveau jeton
token-create = Créer le jeton
token-made-title = Copiez ce jeton maintenant
token-made-text = Il ne s’affiche que cette fois. Le programme l’envoie comme « Authorization: Bearer ».
token-used = Dernière utilisation
token-never = jamais
token-until = Jusqu’au
token-over = terminé
token-revoke = Révoquer

scope-people-read = Voir les personnes et leurs cartes.
scope-people-write = Voir les personnes et saisir ce qui est affiché d’elles.
scope-leads-read = Voir les contacts.
scope-sources-read = Voir les sources, leurs synchronisations et leurs groupes.
scope-sources-run = Voir les sources, lancer leurs synchronisations et décider de leurs plans.
scope-plugins-read = Voir les extensions.
scope-accounts-read = Voir les comptes et leurs rôles.
scope-accounts-write = Créer des comptes et leur donner des rôles, n’importe lesquels.
scope-health-read = Voir comment va l’appareil.
scope-tokens-read = Voir vos propres jetons.
scope-tokens-write = Créer des jetons qui ne vont pas plus loin, et révoquer les vôtres.
