# Les signatures écrites dans les boîtes de messagerie.

publications-title = Dans les boîtes de messagerie
publications-text = Les signatures sont écrites là où se trouve le courrier de chacun, comme on modifie un serveur : préparées, regardées, essayées sur quelques-uns, puis écrites, et retirées s’il le faut.
publications-panel-text = Écrites là où se trouve le courrier de chacun, sans que personne ait rien à faire. Un plan n’écrit rien.
publications-all = Toutes
publications-open = Écrire dans les boîtes de messagerie
publications-none-title = Rien n’a encore été écrit
publications-step-plan = Préparer. Chaque boîte est lue, aucune n’est modifiée.
publications-step-look = Regarder. Chaque boîte montre ce qui s’y trouve et ce qui s’y trouvera.
publications-step-ring = Essayer. Les signatures de quelques personnes d’abord.
publications-step-all = Écrire les autres, avec une pause ou un arrêt à tout moment.
publications-step-back = Chercher plus tard celles qui ont changé, ou rétablir exactement ce qui s’y trouvait.
publications-no-source = Aucune source n’atteint ici de boîtes. Une source Google Workspace le fait ; un fichier ou un annuaire LDAP dit qui sont les personnes, et n’a pas de boîtes où écrire. Pour Outlook il y a le complément, et chacun peut copier sa signature.
publications-without = Ces sources n’ont pas de boîtes : { $names }. Les personnes qu’elles nomment peuvent être atteintes par les boîtes d’une autre source.
publications-list = Publications
publications-column-what = Quoi
publications-column-source = Source
publications-column-counts = Boîtes
publications-column-state = État
publications-new = Préparer
publications-new-text = Lit les boîtes et dit ce qui serait écrit. Rien n’est écrit avant votre accord.
publications-anew = { $count ->
    [one] Seulement pour la boîte que la recherche commencée le { $when } chez { $source } a trouvée changée.
   *[other] Seulement pour les { $count } boîtes que la recherche commencée le { $when } chez { $source } a trouvées changées.
}
publications-anew-not = Préparer plutôt pour d’autres
publications-source = Source
publications-kind = Pour quoi faire
publications-day = Selon les règles de quel jour
publications-day-hint = Compte quand des signatures sont écrites. Les campagnes ont leurs jours.
publications-query = Seulement qui ces mots trouvent
publications-query-hint = Comme dans la liste des personnes : un bout de nom, de titre, de site.
publications-group = Seulement ce groupe ou cette équipe
publications-group-hint = Son nom, ou son identifiant.
publications-begin = Lire les boîtes
publication-kind-publish = Écrire les signatures
publication-kind-drift = Chercher celles qui ont changé
publication-kind-restore = Rétablir ce qui s’y trouvait
publication-title-publish = Écrire les signatures : { $source }
publication-title-drift = Chercher les signatures changées : { $source }
publication-title-restore = Rétablir ce qui s’y trouvait : { $source }
publication-refused-source = Cette source n’atteint pas de boîtes.
publication-refused-open = Une publication de cette source n’est pas finie : terminez-la ou arrêtez-la d’abord.
publication-refused-open-see = La voir
publication-refused-many = Trop de personnes sont nommées.
publication-refused-group = Il n’y a pas de groupe « { $name } ».
publication-refused-groups = Plusieurs groupes s’appellent « { $name } » : écrivez l’identifiant de celui qui convient. { $ids }
publication-refused-nobody = Personne ne correspond dont la boîte pourrait recevoir une signature.
publication-refused-unread = { $source } dit qui est là, et n’a encore nommé personne : exécutez-la d’abord, sur sa page ou par { $command }.
publication-refused-left = Qui est parti ne reçoit pas de signature : { $names }.
publication-refused-look = Ce qui a été trouvé changé, ce sont les boîtes d’une autre source.
publication-refused-unwritten = Estampe n’a écrit dans aucune de ces boîtes, ou toutes ont été rétablies.
publication-state-planning = en préparation
publication-state-planned = attend votre accord
publication-state-applying = en cours d’écriture
publication-state-paused = en pause
publication-state-stopped = arrêtée
publication-state-done = terminée
publication-reads = Les boîtes sont en cours de lecture. Rien n’est écrit.
publication-stands = Le plan est prêt. Rien n’est écrit avant votre accord.
publication-stands-on = Ce qui était libéré est écrit. Les autres attendent votre accord.
publication-writes = Les signatures sont écrites, une boîte après l’autre. Vous pouvez quitter cette page.
publication-restores = Ce qui s’y trouvait est rétabli, une boîte après l’autre. Vous pouvez quitter cette page.
publication-rests = Rien ne se fait avant la reprise.
publication-ended = Terminé le { $when }.
publication-nothing = Terminé le { $when }. Il n’y avait rien à écrire.
publication-stopped = Arrêté le { $when }. Ce qui est écrit reste, et peut être rétabli.
publication-provider-waits = Le fournisseur a demandé une pause : il est laissé tranquille jusqu’au { $when }.
publication-progress-reads = { $count ->
    [one] { $done } boîte lue sur une
   *[other] { $done } boîtes lues sur { $count }
}
publication-progress-writes = { $count ->
    [one] { $done } boîte libérée sur une
   *[other] { $done } boîtes sur les { $count } libérées
}
publication-bar = Où cela en est
publication-paused-title = En pause
publication-paused-asked = Quelqu’un a demandé la pause. La boîte en cours a été finie.
publication-paused-config = Une boîte après l’autre a été refusée : les réglages de la source ne vont pas. Corrigez-les, vérifiez-y l’accès, puis reprenez.
publication-paused-access = Une boîte après l’autre a été refusée : le fournisseur ne laisse pas entrer Estampe. Regardez l’identifiant et ce qui lui est permis, vérifiez-y l’accès, puis reprenez. Celles qui ont été refusées sont essayées de nouveau.
publication-paused-plugin = L’extension de la source ne peut pas être appelée. Sa page dit pourquoi ; reprenez ensuite.
publication-paused-source = Voir la source
publication-pause = Mettre en pause
publication-resume = Reprendre
publication-stop = Arrêter
publication-stop-text = L’arrêt y met fin. Ce qui est écrit reste.
publication-drop = Abandonner le plan
publication-counts = Les boîtes selon leur avancement
publication-count-waiting = { $count } à lire
publication-count-planned = { $count } à écrire
publication-count-restore = { $count } à rétablir
publication-count-applying = { $count } en cours
publication-count-done = { $count ->
    [one] { $count } écrite
   *[other] { $count } écrites
}
publication-count-restored = { $count ->
    [one] { $count } rétablie
   *[other] { $count } rétablies
}
publication-count-unchanged = { $count } déjà en place
publication-count-as-written = { $count ->
    [one] { $count } telle qu’écrite
   *[other] { $count } telles qu’écrites
}
publication-count-skipped = { $count ->
    [one] { $count } laissée
   *[other] { $count } laissées
}
publication-count-failed = { $count ->
    [one] { $count } échec
   *[other] { $count } échecs
}
publication-count-drifted = { $count ->
    [one] { $count } a changé depuis
   *[other] { $count } ont changé depuis
}
publication-line-waiting = à lire
publication-line-planned = à écrire
publication-line-restore = à rétablir
publication-line-applying = en cours
publication-line-done = écrite
publication-line-restored = rétablie
publication-line-unchanged = déjà en place
publication-line-as-written = telle qu’écrite
publication-line-skipped = laissée
publication-line-failed = échec
publication-line-drifted = a changé depuis
publication-show = Quelles boîtes
publication-show-all = Toutes
publication-show-waiting = À lire
publication-show-planned = À écrire
publication-show-restore = À rétablir
publication-show-applying = En cours
publication-show-done = Écrites
publication-show-restored = Rétablies
publication-show-unchanged = Déjà en place
publication-show-as-written = Telles qu’écrites
publication-show-skipped = Laissées
publication-show-failed = Échecs
publication-show-drifted = Changées depuis
publication-lines = Boîtes
publication-column-holder = Titulaire
publication-column-address = Adresse
publication-column-why = Pourquoi
publication-column-state = État
publication-lines-none = Aucune boîte n’est dans cet état à présent.
publication-somebody = quelqu’un
publication-ring-first = Écrire un premier cercle
publication-ring-next = Écrire les autres
publication-ring-text = { $count ->
    [one] Une boîte attend.
   *[other] { $count } boîtes attendent.
} Commencez par quelques personnes qui regardent la leur, puis écrivez les autres.
publication-ring-of = Lesquelles
publication-ring-some = Les premières, par ordre alphabétique
publication-ring-how-many = Combien
publication-ring-ticked = Celles cochées dans la liste ci-dessous
publication-ring-all = { $count ->
    [one] La seule qui reste
   *[other] Les { $count } qui restent
}
publication-ring-choose = Choisir celles-ci
publication-ring-pick = Choisir { $name }
publication-ring-nobody = Aucune des boîtes qui attendent n’a été choisie.
publication-ring-number = Combien ? Un nombre entier, un au moins.
publication-changed = Le plan n’est plus celui que montrait cette page : d’autres boîtes restent. Rien n’a été écrit ; regardez encore une fois.
publication-not-planned = Cela n’attend plus votre accord. Rien n’a été écrit par là.
publication-not-administrator = L’adresse électronique de votre compte n’administre rien chez le fournisseur de cette source. Une personne dont l’adresse le fait peut publier les signatures. Rien n’a été écrit.
publication-provider-silent = Le fournisseur n’a pas pu dire si vous administrez l’organisation. Rien n’a été écrit.
publication-ask-write = { $count ->
    [one] Écrire une signature ?
   *[other] Écrire { $count } signatures ?
}
publication-ask-restore = { $count ->
    [one] Rétablir une boîte ?
   *[other] Rétablir { $count } boîtes ?
}
publication-ask-write-text = Ce qui se trouve à présent dans ces boîtes est d’abord gardé, et peut être rétabli. Chacune est relue avant d’être écrite : là où se trouve autre chose que ce que le plan a vu, rien n’est touché.
publication-ask-restore-text = Exactement ce qui s’y trouvait avant Estampe revient. Là où quelqu’un l’a modifié depuis le plan, rien n’est touché.
publication-ask-second = Un autre administrateur doit donner son accord avant que rien soit écrit.
publication-do-write = { $count ->
    [one] Écrire une signature
   *[other] Écrire { $count } signatures
}
publication-do-restore = { $count ->
    [one] Rétablir une boîte
   *[other] Rétablir { $count } boîtes
}
publication-leave = Revenir, sans rien écrire
publication-facts = Ce que c’est
publication-begun = Début
publication-rings = Cercles
publication-next = Ce qui peut être fait
publication-next-text = Les boîtes sont à leurs titulaires, qui changent ce qui s’y trouve. Le chercher n’écrit rien. Rétablir commence aussi par un plan.
publication-anew = { $count ->
    [one] Préparer celle qui a changé
   *[other] Préparer de nouveau ces { $count }
}
publication-line-found = Ce qui s’y trouvait à la lecture
publication-line-found-frame = La signature de la boîte, sans ses images ni ses liens
publication-line-before = Ce qui s’y trouve
publication-line-wanted = Ce qui s’y trouvera
publication-line-wanted-frame = La signature qui s’y trouvera
publication-line-written = Ce qui a été écrit
publication-line-meant = Ce que veut le plan
publication-line-mailbox = Boîte
publication-line-tries = Essais
publication-line-empty = Pas de signature.
publication-line-not-read = La boîte n’a pas été lue.
publication-line-none-wanted = Rien n’est écrit ici.
publication-line-tangled = Trop embrouillée pour être montrée.
publication-line-pictures = Les images et les liens d’une boîte ne sont pas chargés ici : qui les y a mis l’apprendrait.
publication-line-look = Son aspect
publication-line-changes = Ce qui change pour qui la lit
publication-line-same = Les mots, les liens et les images restent. C’est la mise en page qui change, ou les couleurs.
publication-line-long = Trop longue pour être comparée ligne à ligne.
publication-line-link = Lien : { $to }
publication-line-picture = Image : { $alt } { $from }
publication-line-html = En HTML
publication-line-signature = Voir sa signature
publication-why-no-signature = Aucune règle ne lui donne de signature ce jour-là.
publication-why-no-email = Sa source ne dit pas d’adresse électronique. Celle qui a été saisie ici ne sert pas : elle pourrait être à n’importe qui.
publication-why-no-address = La boîte n’envoie pas depuis cette adresse.
publication-why-gone = Cette personne est partie, ou effacée, depuis le début du plan.
publication-why-template = Le gabarit échoue sur ses données : sa signature dit comment.
publication-why-changed = Autre chose s’y trouve depuis le plan. Le prochain plan le montrera.
publication-why-rewritten = Le fournisseur en a fait autre chose que ce qui a été envoyé.
publication-why-there = Elle s’y trouvait déjà.
publication-why-shared = Quelqu’un d’autre de ce plan a la même adresse. Aucune signature n’y est écrite avant que leur source les distingue.
publication-why-unsure = Nul ne sait si elle a été écrite : le fournisseur n’a pas répondu. Ce qui s’y trouve n’est pas d’Estampe.
publication-why-config = Les réglages de la source ne vont pas.
publication-why-auth = Le fournisseur a refusé l’identifiant.
publication-why-denied = Le fournisseur, ou ce qui est accordé à l’extension, ne le permet pas.
publication-why-not-found = Le fournisseur ne connaît pas cette boîte.
publication-why-busy = Le fournisseur avait trop à faire.
publication-why-away = Le fournisseur n’a pas répondu.
publication-why-again = Elle est essayée de nouveau.
publication-why-unsupported = Le fournisseur ne peut pas le faire pour cette boîte.
publication-why-limit = C’est plus long que ce que prend le fournisseur ou Estampe.
publication-why-conflict = Le fournisseur dit que cela contredit ce qui s’y trouve.
publication-why-defect = L’extension s’est arrêtée sur un défaut : prévenez qui la fournit.
home-publication-planned-title = Les signatures de { $source } attendent votre accord
home-publication-planned-text = { $count ->
    [one] Une boîte n’est pas écrite avant que quelqu’un le dise. Préparé le { $when }.
   *[other] { $count } boîtes ne sont pas écrites avant que quelqu’un le dise. Préparé le { $when }.
}
home-publication-paused-title = Les signatures de { $source } sont en pause
home-publication-drifted-title = { $count ->
    [one] Une signature de { $source } a été changée
   *[other] { $count } signatures de { $source } ont été changées
}
home-publication-drifted-text = Quelqu’un en a écrit une autre dans la boîte. Elles peuvent être écrites de nouveau, ou laissées.
home-publication-action = Regarder
ending-mailboxes = Boîtes
ending-mailboxes-text = { $count ->
    [one] Dans l’une d’elles se trouve une signature écrite par Estampe. Ce qui s’y trouvait avant ne peut plus être rétabli une fois la source partie.
   *[other] Dans { $count } d’entre elles se trouve une signature écrite par Estampe. Ce qui s’y trouvait avant ne peut plus être rétabli une fois la source partie.
}
ending-restore = Rétablir d’abord
ending-publication = Les signatures des boîtes de cette source sont en cours de lecture ou d’écriture. Attendez la fin, ou arrêtez d’abord ; rien n’a été modifié.
ending-publication-see = La voir
