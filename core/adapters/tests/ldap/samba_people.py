"""Fills a provisioned domain while it does not run.

samba_people.py smb.conf number-of-people password-of-accounts

Run by samba.rs with the system's Python, for Samba's own modules are there. One
transaction, and no passwords for people: hashing them takes longer than all the rest.
"""

import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

SUFFIX = "DC=bank,DC=example"
STAFF = "OU=Staff," + SUFFIX
LEAVERS = "OU=Leavers," + SUFFIX
SERVICES = "OU=Services," + SUFFIX
GROUPS = "OU=Groups," + SUFFIX

# an account that is as usual, one that is disabled, a machine's
NORMAL, DISABLED, WORKSTATION = 512, 514, 4096


def jpeg():
    """A JPEG of one grey pixel."""
    return bytes.fromhex(
        "ffd8ffe000104a46494600010100000100010000ffdb004300"
        + "01" * 64
        + "ffc0000b080001000101011100ffc4001f0000010501010101010100000000000000000102030405060708090a0b"
        + "ffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c1"
        + "1552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566"
        + "6768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
        + "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbd0"
        + "ffd9"
    )


def person(number):
    entry = {
        "dn": "CN=Person %d,%s" % (number, STAFF),
        "objectClass": "user",
        "sAMAccountName": "p%d" % number,
        "userPrincipalName": "p%d@bank.example" % number,
        "userAccountControl": str(NORMAL),
        "displayName": "Person %d" % number,
        "givenName": "Zoé",
        "sn": "Number %d" % number,
        "mail": "p%d@bank.example" % number,
        "telephoneNumber": "+33 1 99 00 %02d %02d" % (number // 100 % 100, number % 100),
        "mobile": "+33 6 99 00 %02d %02d" % (number // 100 % 100, number % 100),
        "title": "Adviser",
        "department": "Private clients",
        "company": "Bank",
        "physicalDeliveryOfficeName": "Paris 1",
        "streetAddress": "1 rue de la Banque",
        "l": "Paris",
        "postalCode": "75002",
        "co": "France",
        "c": "FR",
    }
    if number % 10 == 0:
        entry["thumbnailPhoto"] = jpeg()
    return entry


def account(name, container, control, password):
    return {
        "dn": "CN=%s,%s" % (name, container),
        "objectClass": "user",
        "sAMAccountName": name.lower(),
        "userPrincipalName": "%s@bank.example" % name.lower(),
        "userAccountControl": str(control),
        "displayName": name,
        "sn": name,
        "mail": "%s@bank.example" % name.lower(),
        "unicodePwd": ('"%s"' % password).encode("utf-16-le"),
    }


def group(name, members):
    entry = {"dn": "CN=%s,%s" % (name, GROUPS), "objectClass": "group", "sAMAccountName": name}
    if members:
        entry["member"] = members
    return entry


def let_see_deleted(sam, dn):
    """Lets somebody list and read what was deleted, as `dsacls ... /g name:LCRP` does."""
    sid = sam.search(dn, scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0]
    controls = ["show_deleted:1", "sd_flags:1:%d" % security.SECINFO_DACL]
    deleted = "CN=Deleted Objects," + SUFFIX
    found = sam.search(deleted, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=controls)[0]
    descriptor = ndr_unpack(security.descriptor, found["nTSecurityDescriptor"][0])
    ace = security.ace()
    ace.trustee = ndr_unpack(security.dom_sid, sid)
    ace.access_mask = security.SEC_ADS_LIST | security.SEC_ADS_READ_PROP
    descriptor.dacl_add(ace)
    change = ldb.Message(ldb.Dn(sam, deleted))
    name = "nTSecurityDescriptor"
    change[name] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, name)
    sam.modify(change, controls=controls)


def main():
    smb_conf, people, password = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    parameters = LoadParm()
    parameters.load(smb_conf)
    # an index is written once and not with every entry, which would take quadratic time
    batch = ["batch_mode:1"]
    sam = SamDB(session_info=system_session(), lp=parameters, url=parameters.private_path("sam.ldb"), options=batch)
    sam.transaction_start()
    for container in (STAFF, LEAVERS, SERVICES, GROUPS):
        sam.add({"dn": container, "objectClass": "organizationalUnit"})
    sam.add(account("Estampe", SERVICES, NORMAL, password))
    sam.add(account("Watcher", SERVICES, NORMAL, password))
    let_see_deleted(sam, "CN=Watcher," + SERVICES)
    sam.add(account("Gone", STAFF, DISABLED, password))
    sam.add(
        {
            "dn": "CN=PC-7," + STAFF,
            "objectClass": "computer",
            "sAMAccountName": "PC-7$",
            "userAccountControl": str(WORKSTATION),
        }
    )
    sam.add(
        {
            "dn": "CN=Supplier," + STAFF,
            "objectClass": "contact",
            "displayName": "Supplier",
            "mail": "someone@supplier.example",
        }
    )
    staff = []
    for number in range(people):
        entry = person(number)
        sam.add(entry)
        staff.append(entry["dn"])
    # Bank is in All and All is in Bank
    sam.add(group("Everyone", staff))
    sam.add(group("Bank", staff[:2]))
    sam.add(group("All", ["CN=Bank," + GROUPS]))
    sam.modify_ldif("dn: CN=Bank,%s\nchangetype: modify\nadd: member\nmember: CN=All,%s\n" % (GROUPS, GROUPS))
    sam.transaction_commit()


main()
