# The list of cards.

nav-cards = Cards
cards-title = Cards
cards-count = { $count ->
    [0] No card matches.
    [one] One card
   *[other] { $count } cards
}
cards-count-least = More than { $count } cards
cards-search-hint = Holder: name, title or e-mail
cards-all = all
card-state-up = online
card-state-down = taken down
card-state-disabled = holder disabled
cards-column-holder = Holder
cards-column-address = Address
cards-column-leads = Leads
cards-column-last = Last lead
cards-column-state = State
cards-new-tab = (opens in a new tab)
cards-none-yet = none yet
cards-empty = Everybody whom a directory knows gets a card: connect one, and the first synchronisation makes them. Here you will see which are online and what they bring in.
cards-empty-search = No card matches this search.
cards-clear = Show all cards
