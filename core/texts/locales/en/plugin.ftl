nav-plugins = Plugins
plugins-title = Plugins
plugins-text = They read directories and compose signatures, in a sandbox: each does only what you grant it.
plugins-problem = A plugin file cannot be used
plugins-empty = No plugin is installed. One is needed to read a directory.
plugins-column-name = Plugin
plugins-column-version = Version
plugins-column-signature = Signature
plugins-column-granted = Granted
plugins-column-state = State
plugins-granted = { $granted } of { $asked }
plugins-waits = { $version } waits
plugins-offered = Ready to be installed
plugins-install = Install
plugins-upgrade = Upgrade
plugins-by-file = The same on the command line, on the server:
plugin-file-title = From a file
plugin-file-text = The plugin that an integrator sent you, or a new version of it. Sending it grants nothing: you see next what it asks for, and decide item by item.
plugin-file-label = The plugin’s file
plugin-file-hint = An .estampe file of at most { $mib } MiB.
plugin-file-submit = Send and look
plugin-file-empty = Choose the file to send; nothing arrived.
plugin-file-too-large = This file is larger than { $mib } MiB. Nothing of it was kept.
plugin-file-unreadable = This file is no Estampe plugin, or it is damaged. Ask whoever supplied it for another copy.
plugin-file-manifest = What it declares (plugin.toml) does not work. Pass the remark on to whoever supplied it.
plugin-file-contract = It was built for another version of the contract than this Estampe speaks.
plugin-file-component = Its code cannot be loaded here. Pass the remark on to whoever supplied it.
plugin-file-changed = Its signature does not fit: the file was changed after it was signed. Do not use it, and ask for another copy.
plugin-file-unsigned = Nobody signed it. A plugin without a signature is taken only where the configuration allows it.
plugin-file-unknown-key = It was signed with the key { $key }, which the configuration does not name. If you trust its author, name the key in plugins.trusted_keys.
plugin-file-revoked-key = It was signed with the key { $key }, which is revoked. Ask for one that another key signed.
plugin-file-host = It could not be looked at. That is not the file’s fault: see the server’s log.
plugin-file-not-newer = The version installed is the same, or newer. It stays.
plugin-enabled = in use
plugin-disabled = switched off
plugin-paused = paused
plugin-unusable = cannot be used
plugin-waits = waits for your word
plugin-signed = signature verified
plugin-unsigned = not signed
plugin-unknown-key = unknown key
plugin-revoked-key = revoked key
plugin-problem = What is wrong
plugin-unusable-next = Upgrade it, go back to the version before, or remove it.
plugin-paused-next = Once the cause is gone, switch it on again.
plugin-upgrade-waits = Version { $version } waits for your word
plugin-upgrade-title = Version { $version } asks for more
plugin-upgrade-text = Until you say so, version { $version } goes on.
plugin-other-key = { $version } is signed by another key than { $current }: { $after } instead of { $before }. Use it only if you expected that.
plugin-other-unsigned = { $version } is not signed, while { $current } is signed by { $before }. Use it only if you expected that.
plugin-other-signed = { $version } is signed by { $after }, while { $current } is not signed. Use it only if you expected that.
plugin-fresh-title = It is installed, and nothing was granted by that
plugin-fresh-text = It does nothing before you say so. This is what it asks for.
plugin-asks = What it asks for
plugin-asks-version = What { $version } asks for
plugin-asks-nothing = Nothing at all.
plugin-new = new
plugin-granted = Granted: { $granted } of { $asked }
plugin-gone = No longer asks for:
plugin-grant-all = { $count ->
    [one] Grant what is missing
   *[other] Grant the { $count } that are missing
}
plugin-grant-new = { $count ->
    [one] Grant the new one
   *[other] Grant the { $count } new ones
}
plugin-grant-new-use = { $count ->
    [one] Grant the new one
   *[other] Grant the { $count } new ones
} and use { $version }
plugin-grant-ticked = Save what is ticked
plugin-use = Use { $version } with these grants
plugin-networks = Private networks
plugin-networks-text = Without a grant, a plugin reaches no private or local address and nothing on this machine. Name the networks of the house that it may reach.
plugin-network-add = Network
plugin-network-hint = For example 10.1.2.0/24
plugin-network-wrong = That is no network. Write it like 10.1.2.0/24 or fd00::/8.
plugin-network-submit = Grant this network
plugin-network-remove = Take back
plugin-used = Use
plugin-used-by-none = No source uses it.
plugin-calls = Calls
plugin-calls-value = { $failed ->
    [0] { $calls }, all well
   *[other] { $calls }, of which { $failed } failed
}
plugin-time = Time
plugin-time-value = { $seconds } s in all since the start
plugin-memory = Memory
plugin-memory-value = { $mib } MiB in the largest call
plugin-facts = Particulars
plugin-contract = Contract
plugin-license = Licence
plugin-installed = Installed
plugin-enable = Switch on again
plugin-disable = Switch off
plugin-rollback = Go back to the version before
plugin-withdraw = Give up { $version }
plugin-remove = Remove the plugin
asked-input = Read the file “{ $name }”
asked-input-otherwise = You choose the file when you add a source. Without a grant it can read nothing.
asked-http = Talk to { $host }
asked-http-otherwise = No other host, no redirection. Without a grant these requests are refused.
asked-change = Change something at { $host }
asked-change-otherwise = Without a grant these requests are refused, and reading goes well.
asked-credential = Use the credential “{ $name }”
asked-credential-otherwise = Estampe attaches the secret; the plugin never sees it.
asked-ldap = Search the source’s directory
asked-ldap-otherwise = Server, base and filter are the source’s; only granted attributes are read.
asked-read = { $count ->
    [one] Read one field of people
   *[other] Read { $count } fields of people
}
asked-read-otherwise = A field without a grant never reaches the cards.
asked-mapped = Whatever else a field mapping names
asked-mapped-otherwise = You write the mapping. Without a grant, fields beyond those above stay empty; passwords are never read.
asked-write = { $count ->
    [one] Write one field to the directory
   *[other] Write { $count } fields to the directory
}
asked-write-otherwise = Without a grant the directory is never changed.
asked-groups = Groups and who is in them
asked-groups-otherwise = Without a grant no group is known here: nothing can be decided by groups.
asked-groups-write = Make and change groups of the directory
asked-groups-write-otherwise = Without a grant no group is made or changed there.
asked-limit = More memory or computing
asked-limit-otherwise = Without a grant the ordinary limits hold; beyond them a call is ended and the run says so.
