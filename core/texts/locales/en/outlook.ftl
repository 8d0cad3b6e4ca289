# The add-in for Outlook.

outlook-name = Signature
outlook-text = Puts the organisation’s signature below new mails.
outlook-put = Put the signature
outlook-done = The signature stands below the mail.
outlook-away = The appliance cannot be reached, and no signature was kept.
outlook-failed = Outlook did not take it.
outlook-connect = Connect Outlook
outlook-connect-text = Outlook will be given a key that opens nothing but your own signature. Outlook keeps it with your mailbox. It lasts a year, and you can revoke it among your tokens at any time.
outlook-connected = Outlook is connected. If this window does not close by itself, copy this key into the add-in. It is shown only this once.
outlook-disconnect = Disconnect
outlook-gone = Disconnected. You can revoke the key among your tokens.
outlook-taken = Connected.
outlook-blocked = Outlook did not open the window. Use the key instead.
outlook-key = Key
outlook-key-hint = If no window opens: make one at { $address } and paste it here.
outlook-key-take = Use this key
outlook-key-wrong = That is no key of ours.
outlook-open = Open
outlook-unconnected = Connect Outlook, and your signature comes by itself.
outlook-refused = The key for your signature is over. Connect Outlook once more.
signature-way-addin = Outlook, new or for the web or the Mac
signature-way-addin-text = Where your administrators installed the add-in, open “Signature” while you write a mail and connect it once. From then on the signature comes by itself.
outlook-no-signature = Your account sees no signature of its own.
