# Pictures of signatures.

pictures-title = Pictures
pictures-open = See the pictures
pictures-panel-text =
    { $count ->
        [0] Logos and banners that signatures show, from your own server. There is none yet.
        [one] Logos and banners that signatures show, from your own server. There is one.
       *[other] Logos and banners that signatures show, from your own server. There are { $count }.
    }
pictures-text = Logos and banners that signatures show. Mail programs load them from your public address; a design or a rule names a picture by the address below its name.
pictures-none = There is no picture yet.
picture-facts = { $width } × { $height } pixels, { $kib } KiB
picture-used = Shown by: { $names }
picture-kept = { $name } stays: a design or a rule shows it. Change that first.
picture-remove = Remove
picture-remove-text = A picture can be removed when no design and no rule shows it. In mails that were sent already, a gap stands in its place from then on.
picture-bring-title = Add a picture
picture-bring = Add
picture-name = Name
picture-name-hint = Without one, it is called as the file is.
picture-file = File
picture-file-hint = PNG, JPEG or WebP. It is scaled down to { $width } × { $height } pixels and loses whatever else is in the file; { $kib } KiB are the most that it may weigh then.
picture-file-empty = Choose the picture to add; nothing arrived.
picture-file-too-large = The file is larger than { $mib } MiB.
picture-file-unknown = This is no PNG, JPEG or WebP picture. Mail programs show nothing else.
picture-file-moves = This picture moves, and Outlook shows its first frame alone. Add that frame as a PNG or JPEG.
picture-file-pixels = This picture is more than 6,000 pixels wide or high. Make it smaller.
picture-file-damaged = This picture is damaged: it cannot be read to its end.
picture-file-heavy = This picture would weigh { $kib } KiB in every mail, and { $most } are the most. Make it smaller, or save it as a JPEG.
picture-same = This picture is there already, as { $name }.
picture-too-many = There are { $most } pictures already. Remove one first.
