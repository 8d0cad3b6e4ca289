# La liste des cartes.

nav-cards = Cartes
cards-title = Cartes
cards-count = { $count ->
    [0] Aucune carte ne correspond.
    [one] Une carte
   *[other] { $count } cartes
}
cards-count-least = Plus de { $count } cartes
cards-search-hint = Titulaire : nom, fonction ou courriel
cards-all = toutes
card-state-up = en ligne
card-state-down = retirée
card-state-disabled = titulaire désactivé
cards-column-holder = Titulaire
cards-column-address = Adresse
cards-column-leads = Contacts reçus
cards-column-last = Le dernier
cards-column-state = État
cards-new-tab = (s’ouvre dans un nouvel onglet)
cards-none-yet = aucun encore
cards-empty = Toute personne connue d’un annuaire reçoit une carte : reliez-en un, et la première synchronisation les crée. Vous verrez ici lesquelles sont en ligne et ce qu’elles rapportent.
cards-empty-search = Aucune carte ne correspond à cette recherche.
cards-clear = Montrer toutes les cartes
