# Déconnecter une source.

source-ending = déconnexion en cours
lead-for-erased = une personne dont les données sont effacées
ending-open = Déconnecter cette source
ending-ask-title = Déconnecter { $name }
ending-ask-text = La source disparaît dans tous les cas. Choisissez ce que deviennent les personnes qui en viennent.
ending-run = Une synchronisation de cette source est ouverte. Terminez-la d’abord ; rien n’a été modifié.
ending-changed = Ses personnes ont changé depuis l’affichage de cette page. Rien n’a été fait : regardez de nouveau.
ending-concerned = Ce qui est concerné
ending-people = Personnes
ending-elsewhere = { $count ->
    [one] L’une d’elles est connue aussi d’une autre source : ses données ne sont pas effacées.
   *[other] { $count } d’entre elles sont connues aussi d’une autre source : leurs données ne sont pas effacées.
}
ending-leads = Leurs contacts
ending-leads-stay = Ils restent : ce sont les données des visiteurs.
ending-goes = Ce qui disparaît
ending-goes-source = La source et ses réglages
ending-goes-runs = { $count ->
    [one] une synchronisation et son détail
   *[other] { $count } synchronisations et leur détail
}
ending-goes-secrets = { $count ->
    [one] un secret
   *[other] { $count } secrets
}
ending-goes-state = { $count ->
    [one] une valeur retenue par son extension
   *[other] { $count } valeurs retenues par son extension
}
ending-fate-keep = Garder les personnes
ending-keep-text = Elles restent comme elles sont, leurs cartes aussi. Plus aucune source ne les modifie. Une source qui les nomme plus tard les crée de nouveau, avec d’autres cartes.
ending-keep-do = { $count ->
    [0] Déconnecter
    [one] Déconnecter et garder cette personne
   *[other] Déconnecter et garder les { $count } personnes
}
ending-fate-disable = Désactiver les personnes
ending-disable-text = Leurs cartes sont retirées. Rien n’est supprimé. Qui est compté comme actif par une autre source le reste.
ending-disable-do = { $count ->
    [0] Déconnecter, sans retirer de carte
    [one] Déconnecter et retirer une carte
   *[other] Déconnecter et retirer { $count } cartes
}
ending-fate-erase = Effacer les personnes
ending-erase-text = Noms, profils, photos et identités sont effacés, ici tout de suite, et des sauvegardes quand elles expirent. { $cards ->
    [0] Aucune carte n’est retirée.
    [one] Une carte est retirée ; son adresse n’est plus jamais attribuée.
   *[other] { $cards } cartes sont retirées ; leurs adresses ne sont plus jamais attribuées.
} Rien ne permet de revenir en arrière.
ending-name = Pour effacer, saisissez le nom de la source : { $name }
ending-name-wrong = Ce n’est pas le nom de cette source.
ending-erase-do = { $count ->
    [0] Déconnecter, sans effacer personne
    [one] Déconnecter et effacer une personne
   *[other] Déconnecter et effacer { $count } personnes
}
ending-title-moves = Déconnexion de { $name }
ending-title-done = { $name } est déconnectée
ending-moves-text = Rien d’autre ne peut être fait de cette source. Un redémarrage ne l’interrompt pas. Cette page se met à jour seule.
ending-done-text = Terminé le { $when }. Une source de ce nom peut être ajoutée de nouveau.
ending-progress = { $count ->
    [one] { $done } personne sur une
   *[other] { $done } sur { $count } personnes
}
ending-began = Décidé
ending-done-erased = Effacées
ending-done-disabled = Carte retirée
ending-done-released = Comme elles étaient
ending-done-runs = Synchronisations oubliées
ending-nobody = personne
