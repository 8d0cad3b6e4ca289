# Une même chose faite aux cartes de plusieurs personnes.

person-card-down = retirée
person-card-down-text = Cette carte a été retirée ici. Personne ne la voit tant qu’elle n’est pas remise en ligne, quoi que dise l’annuaire.
people-cards-down = retirées
bulk-title = Avec les personnes cochées
bulk-all = { $count ->
    [one] La seule personne trouvée
   *[other] Les { $count } personnes trouvées, sur toutes les pages
}
bulk-all-least = Toutes les personnes trouvées, sur toutes les pages
bulk-down = Retirer leurs cartes
bulk-up = Remettre leurs cartes en ligne
bulk-down-one = Retirer la carte
bulk-up-one = Remettre la carte en ligne
bulk-pick = Choisir { $name }
bulk-nobody = Personne n’a été choisi. Cochez des personnes dans la liste, ou toutes celles trouvées.
bulk-ask-down = { $count ->
    [one] Retirer une carte ?
   *[other] Retirer { $count } cartes ?
}
bulk-ask-up = { $count ->
    [one] Remettre une carte en ligne ?
   *[other] Remettre { $count } cartes en ligne ?
}
bulk-do-down = { $count ->
    [one] Retirer une carte
   *[other] Retirer { $count } cartes
}
bulk-do-up = { $count ->
    [one] Remettre une carte en ligne
   *[other] Remettre { $count } cartes en ligne
}
bulk-text-down = Qui ouvre l’une de ces cartes apprend qu’elle n’existe pas. Rien n’est effacé, et les contacts reçus restent. Aucune synchronisation ne les remet en ligne.
bulk-text-up = Les cartes retirées ici sont montrées de nouveau. La carte d’une personne partie de l’annuaire reste cachée.
bulk-text-undo = Pendant trente jours, cela peut être annulé : exactement les cartes qui changent maintenant sont rétablies.
bulk-search = Toutes les personnes que trouve la recherche « { $query } ».
bulk-leave = Tout laisser en l’état
bulk-changed-meanwhile = Les personnes trouvées ne sont plus les mêmes. Regardez encore une fois le nombre.
bulk-moves-down = Des cartes sont en cours de retrait
bulk-moves-up = Des cartes sont en cours de remise en ligne
bulk-moves-text = Vous pouvez quitter cette page : le travail continue, et vous le retrouverez ici.
bulk-progress = { $done } sur { $count }
bulk-done-down = { $count ->
    [0] Aucune carte n’était à retirer
    [one] Une carte a été retirée
   *[other] { $count } cartes ont été retirées
}
bulk-done-up = { $count ->
    [0] Aucune carte n’était à remettre en ligne
    [one] Une carte a été remise en ligne
   *[other] { $count } cartes ont été remises en ligne
}
bulk-done-text = Terminé le { $when }.
bulk-facts = Ce qui a été fait
bulk-began = Début
bulk-chosen = Personnes choisies
bulk-changed = Cartes modifiées
bulk-same = Laissées en l’état
bulk-undo = { $count ->
    [one] Annuler pour cette carte
   *[other] Annuler pour ces { $count } cartes
}
bulk-undo-text = Possible pendant trente jours.
bulk-undoes = Ce que ceci a annulé
bulk-undone-by = Cela a été annulé
