-- The first schema. The tree for SQLite has the same tables, columns and
-- constraints; a test compares them. Times are microseconds since the epoch, ids are
-- UUID v7 as text.

-- Keys of the appliance itself (audit MAC, blind index), wrapped by the key-encryption key.
CREATE TABLE appliance_key (
    name TEXT NOT NULL PRIMARY KEY,
    kek_id TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Data keys of subjects and runs. Erasing sets wrapped to NULL: what it sealed is gone.
CREATE TABLE data_key (
    id TEXT NOT NULL PRIMARY KEY,
    kek_id TEXT NOT NULL,
    wrapped BYTEA,
    created_at BIGINT NOT NULL,
    destroyed_at BIGINT
);

-- Someone outside. email_mac is the blind index of the address: a keyed hash by which it is
-- found again, dropped at erasure.
CREATE TABLE subject (
    id TEXT NOT NULL PRIMARY KEY,
    data_key_id TEXT NOT NULL REFERENCES data_key (id),
    email_mac BYTEA UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE purpose (
    id TEXT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    legal_basis TEXT NOT NULL CHECK (legal_basis IN ('consent', 'legitimate-interest')),
    retention_months BIGINT NOT NULL CHECK (retention_months > 0),
    -- asked or told on the form of a card; others concern employees
    on_card_form BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE purpose_text (
    purpose_id TEXT NOT NULL REFERENCES purpose (id),
    version BIGINT NOT NULL,
    locale TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (purpose_id, version, locale)
);

-- Content-addressed: the id is the SHA-256 of the content.
CREATE TABLE blob (
    id TEXT NOT NULL PRIMARY KEY,
    media_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE source (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    connector TEXT NOT NULL,
    -- rules from attributes to profiles; none is the standard mapping
    mapping TEXT,
    purpose_id TEXT NOT NULL REFERENCES purpose (id),
    checkpoint BYTEA,
    -- how often a run begins by itself; none: never
    every_minutes BIGINT,
    -- who owns the fields of its people, JSON; NULL: everything is the directory's
    owners TEXT,
    created_at BIGINT NOT NULL,
    -- whether who is in its groups has to be found anew
    members_stale BOOLEAN NOT NULL DEFAULT FALSE,
    -- what its provider calls the organisation, as it last said
    organisation TEXT
);

CREATE TABLE source_state (
    source_id TEXT NOT NULL REFERENCES source (id),
    key TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (source_id, key)
);

-- A source's end: while it has none, nothing else is done with the source. The row stays, with
-- what was done; the source goes.
CREATE TABLE source_ending (
    source_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    people_fate TEXT NOT NULL CHECK (people_fate IN ('keep', 'disable', 'erase')),
    people BIGINT NOT NULL,
    released BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    erased BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- A secret of a source's configuration, sealed under the appliance's key for secrets.
CREATE TABLE source_secret (
    source_id TEXT NOT NULL REFERENCES source (id),
    key TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (source_id, key)
);

-- What an administrator made of a plugin: the version in use (none as long as the first one
-- waits for its grants), the one before, and one that asks for more and waits.
CREATE TABLE plugin (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'paused')),
    current_version TEXT,
    previous_version TEXT,
    waiting_version TEXT,
    -- calls that failed in a row by its own fault
    failures BIGINT NOT NULL DEFAULT 0,
    problem TEXT,
    changed_at BIGINT NOT NULL
);

CREATE TABLE plugin_version (
    plugin_id TEXT COLLATE "C" NOT NULL REFERENCES plugin (id),
    version TEXT COLLATE "C" NOT NULL,
    info TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    signature TEXT NOT NULL,
    bundle BYTEA NOT NULL,
    installed_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, version)
);

-- What was granted to a plugin, item by item, in the written form of domain::permission.
CREATE TABLE plugin_grant (
    plugin_id TEXT COLLATE "C" NOT NULL REFERENCES plugin (id),
    permission TEXT COLLATE "C" NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, permission)
);

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    sort_key TEXT COLLATE "C" NOT NULL,
    search_text TEXT NOT NULL,
    profile TEXT NOT NULL,
    photo_id TEXT REFERENCES blob (id),
    -- what was entered in Estampe, JSON; NULL: nothing
    entered TEXT,
    -- entered values that wait for a word because the directory says something else
    conflicts BIGINT NOT NULL DEFAULT 0,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- their data was erased then: the row only holds the place of what refers to it
    erased_at BIGINT
);
CREATE INDEX person_sort ON person (sort_key, id);
-- Whether a photo is somebody else's too.
CREATE INDEX person_photo ON person (photo_id) WHERE photo_id IS NOT NULL;
CREATE INDEX person_conflicts ON person (sort_key, id) WHERE conflicts > 0;

CREATE TABLE card (
    id TEXT NOT NULL PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    person_id TEXT NOT NULL REFERENCES person (id),
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX card_person ON card (person_id);
-- Those that were taken down.
CREATE INDEX card_down ON card (person_id) WHERE NOT active;

CREATE TABLE run (
    id TEXT NOT NULL PRIMARY KEY,
    source_id TEXT NOT NULL REFERENCES source (id),
    data_key_id TEXT NOT NULL UNIQUE REFERENCES data_key (id),
    state TEXT NOT NULL CHECK (state IN ('planning', 'held', 'applying', 'done', 'failed', 'discarded')),
    hold TEXT CHECK (hold IN ('too-many-gone', 'too-many-groups-gone', 'plan-only')),
    plan_only BOOLEAN NOT NULL,
    -- everybody, or what changed since the source's checkpoint
    mode TEXT NOT NULL CHECK (mode IN ('full', 'incremental')),
    known_active BIGINT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    -- groups of the source: when the plan stood, and what becomes of them
    known_groups BIGINT NOT NULL DEFAULT 0,
    groups_created BIGINT NOT NULL DEFAULT 0,
    groups_changed BIGINT NOT NULL DEFAULT 0,
    groups_gone BIGINT NOT NULL DEFAULT 0,
    groups_unchanged BIGINT NOT NULL DEFAULT 0,
    -- the place up to which the plan is applied
    applied BIGINT NOT NULL DEFAULT 0,
    checkpoint BYTEA,
    failure_code TEXT,
    failure_sealed BYTEA,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX run_started ON run (source_id, started_at);
-- One open run a source.
CREATE UNIQUE INDEX run_open ON run (source_id) WHERE state IN ('planning', 'held', 'applying');

CREATE TABLE person_identity (
    source_id TEXT NOT NULL REFERENCES source (id),
    external_id TEXT COLLATE "C" NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    fingerprint TEXT NOT NULL,
    -- digest of the photo as the source has it
    photo_digest TEXT,
    -- the profile as the source said it last, JSON; NULL: it is what is shown
    said TEXT,
    active BOOLEAN NOT NULL,
    -- the run that last saw it: who was not seen by a full run is gone
    seen_run_id TEXT REFERENCES run (id),
    -- other names by which groups of the source refer to it: keyed hashes, 32 octets each
    handles BYTEA,
    PRIMARY KEY (source_id, external_id)
);
CREATE INDEX person_identity_person ON person_identity (person_id);
-- how many a source counts as active is asked often
CREATE INDEX person_identity_active ON person_identity (source_id) WHERE active;

-- A group of a source. Whom it refers to is kept as keyed hashes of 32 octets each, in order:
-- they may be nobody whom we know.
CREATE TABLE directory_group (
    id TEXT NOT NULL PRIMARY KEY,
    source_id TEXT NOT NULL REFERENCES source (id),
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    -- the keyed hash of all that the source says of it
    fingerprint BYTEA NOT NULL,
    -- the run that last saw it: what was not seen by a full run is gone
    seen_run_id TEXT REFERENCES run (id),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    handles BYTEA NOT NULL,
    members BYTEA NOT NULL,
    UNIQUE (source_id, external_id)
);
CREATE INDEX directory_group_sort ON directory_group (sort_key, id);

-- Who is in a group, through other groups too: found anew from the above when it changes.
CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES directory_group (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX group_member_person ON group_member (person_id);

-- The plan: what a run does, sealed under the run's key; what is only needed to apply it, until it is applied.
CREATE TABLE run_item (
    run_id TEXT NOT NULL REFERENCES run (id),
    seq BIGINT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('create', 'update', 'disable', 'note')),
    -- of somebody new, whose they will be
    person_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    -- what the source says, where the line shows only what differs
    said BYTEA,
    photo BYTEA,
    PRIMARY KEY (run_id, seq)
);
-- A plan is read action by action.
CREATE INDEX run_item_action ON run_item (run_id, action, seq);

-- The groups of a plan, sealed under the run's key until they are applied.
CREATE TABLE run_group (
    run_id TEXT NOT NULL REFERENCES run (id),
    seq BIGINT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('create', 'change', 'delete')),
    sealed BYTEA NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- Identities whose handles change with a plan.
CREATE TABLE run_handle (
    run_id TEXT NOT NULL REFERENCES run (id),
    seq BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE run_refusal (
    run_id TEXT NOT NULL REFERENCES run (id),
    seq BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- What the plugin wrote to its log in this run, sealed under the run's key.
CREATE TABLE run_log (
    run_id TEXT NOT NULL REFERENCES run (id),
    seq BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- State that the plugin wrote in this run, committed to source_state with the apply.
CREATE TABLE run_state (
    run_id TEXT NOT NULL REFERENCES run (id),
    key TEXT NOT NULL,
    value BYTEA,
    PRIMARY KEY (run_id, key)
);

-- key_mac names the submission, which makes a retry the same lead: the moment of its form and
-- the keyed hash of card and idempotency key. content_mac is the keyed hash of what was left, dropped at
-- erasure.
CREATE TABLE lead (
    id TEXT NOT NULL PRIMARY KEY,
    subject_id TEXT NOT NULL REFERENCES subject (id),
    card_id TEXT NOT NULL REFERENCES card (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    purpose_id TEXT NOT NULL REFERENCES purpose (id),
    locale TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    key_mac BYTEA NOT NULL UNIQUE,
    content_mac BYTEA,
    received_at BIGINT NOT NULL
);
CREATE INDEX lead_subject ON lead (subject_id);
-- What the cards of people received is counted without reading a lead.
CREATE INDEX lead_person ON lead (person_id, card_id, received_at);

-- A purpose in the words of a page, once for all who read them; the id is the SHA-256 of it
-- all.
CREATE TABLE wording (
    id TEXT NOT NULL PRIMARY KEY,
    purpose_id TEXT NOT NULL REFERENCES purpose (id),
    text_version BIGINT NOT NULL,
    locale TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What was told or agreed with a lead: in which words, when and by which way.
CREATE TABLE consent (
    lead_id TEXT NOT NULL REFERENCES lead (id),
    wording_id TEXT NOT NULL REFERENCES wording (id),
    granted BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    channel TEXT NOT NULL,
    PRIMARY KEY (lead_id, wording_id)
);

-- Durable work, enqueued with its cause. References only, never personal data.
CREATE TABLE job (
    id TEXT NOT NULL PRIMARY KEY,
    -- mails leave the house, and wait for a server; everything else does not wait for them
    queue TEXT NOT NULL CHECK (queue IN ('mail', 'house')),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    -- of the request that caused it
    request_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    -- of mails: since when one is being tried (none before the first failure), and how often
    -- it was handed over without an answer
    tried_since BIGINT,
    unanswered BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX job_due ON job (queue, state, run_at);
CREATE INDEX job_reference ON job (reference);

-- One thing done to the cards of many people: who was chosen, how far it is, what it changed.
CREATE TABLE bulk (
    id TEXT NOT NULL PRIMARY KEY,
    act TEXT NOT NULL CHECK (act IN ('card-down', 'card-up')),
    people BIGINT NOT NULL,
    done BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- the one that this undoes
    undoes TEXT UNIQUE REFERENCES bulk (id),
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE TABLE bulk_person (
    bulk_id TEXT NOT NULL REFERENCES bulk (id),
    seq BIGINT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    -- whether their card was changed, and not so already
    changed BOOLEAN NOT NULL,
    PRIMARY KEY (bulk_id, seq)
);

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT REFERENCES person (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    -- NULL: none was chosen yet
    password_hash TEXT,
    -- one that is not signs in no more, and keeps its place in the audit
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX account_person ON account (person_id);

CREATE TABLE account_role (
    account_id TEXT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN (
        'employee', 'team-manager', 'card-designer', 'integrator', 'auditor', 'data-protection-officer', 'administrator'
    )),
    PRIMARY KEY (account_id, role)
);

-- The groups whose people a team manager sees.
CREATE TABLE account_team (
    account_id TEXT NOT NULL REFERENCES account (id),
    group_id TEXT NOT NULL REFERENCES directory_group (id),
    PRIMARY KEY (account_id, group_id)
);
CREATE INDEX account_team_group ON account_team (group_id);

-- A token by which somebody chooses a password, once.
CREATE TABLE account_token (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES account (id),
    token_hash TEXT NOT NULL UNIQUE,
    ends_at BIGINT NOT NULL
);

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES account (id),
    csrf TEXT NOT NULL,
    -- how its holder showed who they are: 'password', 'passkey', 'token', or a provider's name
    how TEXT NOT NULL,
    -- where it is: browser and system, and the address that it began from
    agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    -- when its holder last showed who they are
    confirmed_at BIGINT NOT NULL,
    -- when with a second factor; NULL where none was shown
    factor_at BIGINT
);
CREATE INDEX session_account ON session (account_id);

-- Between the password and the second factor. Whoever stands here is not signed in.
CREATE TABLE half_session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    how TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX half_session_account ON half_session (account_id);

-- Browsers that an account was signed in from: what strangers try does not count against them.
CREATE TABLE known_browser (
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (token_hash, account_id)
);
CREATE INDEX known_browser_account ON known_browser (account_id);

-- Second factors. A passkey has no secret here; the seed of an app is sealed.
CREATE TABLE account_factor (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind IN ('passkey', 'totp')),
    name TEXT NOT NULL,
    -- of a passkey: its credential id in base64url
    credential TEXT UNIQUE,
    -- of a passkey: what it is checked by, as JSON
    passkey TEXT,
    -- of an app: its seed
    seed BYTEA,
    -- of an app: the last step that a code was taken for; no code is taken twice
    step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX account_factor_account ON account_factor (account_id);

-- Acts that wait for a second administrator; what was to be done is emptied once it is decided.
CREATE TABLE approval (
    id TEXT NOT NULL PRIMARY KEY,
    act TEXT NOT NULL,
    asked_by TEXT NOT NULL REFERENCES account (id),
    asked_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    done BOOLEAN,
    -- an account's id, or 'operator'
    decided_by TEXT,
    decided_at BIGINT
);

CREATE TABLE recovery_code (
    account_id TEXT NOT NULL REFERENCES account (id),
    code_hash TEXT NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- A token of the API; only the hash of its text is kept. Without an account it is a service's.
CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT REFERENCES account (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- to the hour
    last_used_at BIGINT,
    -- to the day: reading leads is noted once a day
    leads_read_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_token_account ON api_token (account_id);

-- What a request with an Idempotency-Key did, for a day. The answer is sealed under a key made
-- of the token's text and the Idempotency-Key, neither of which is kept; none as long as the
-- request is under way.
CREATE TABLE idempotency (
    token_id TEXT NOT NULL REFERENCES api_token (id),
    key_hash TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    sealed BYTEA,
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (token_id, key_hash)
);
CREATE INDEX idempotency_begun ON idempotency (begun_at);

-- Who else may say who somebody is: an OpenID Connect provider, or a source's directory.
CREATE TABLE sign_in_provider (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    label TEXT NOT NULL,
    -- how it is spoken to, and what becomes of whoever comes, JSON
    settings TEXT NOT NULL,
    coming TEXT NOT NULL,
    -- our secret there, sealed; NULL: there is none
    sealed BYTEA,
    created_at BIGINT NOT NULL
);

-- Who an account is elsewhere. Nobody is recognised by an address.
CREATE TABLE account_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identity_account ON account_identity (account_id);

-- Roles that a provider's rules gave, beside those that an administrator gave by hand.
CREATE TABLE account_mapped_role (
    account_id TEXT NOT NULL REFERENCES account (id),
    provider_id TEXT NOT NULL REFERENCES sign_in_provider (id),
    role TEXT NOT NULL,
    PRIMARY KEY (account_id, provider_id, role)
);
CREATE INDEX account_mapped_role_provider ON account_mapped_role (provider_id);

-- Sign-ins that were begun and whose browser is elsewhere. The state is kept as its hash.
CREATE TABLE pending_sign_in (
    state_hash TEXT NOT NULL PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES sign_in_provider (id),
    sealed BYTEA NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX pending_sign_in_ends ON pending_sign_in (ends_at);

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Looks of signatures: a template plugin and its configuration, in JSON.
CREATE TABLE signature_design (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    plugin_id TEXT NOT NULL,
    config TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Pictures of signatures, which the public listener serves to anybody. The file's name says what is in it.
CREATE TABLE signature_picture (
    file TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('jpeg', 'png')),
    blob_id TEXT NOT NULL REFERENCES blob (id),
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX signature_picture_blob ON signature_picture (blob_id);

-- Who gets which signature, asked by their place; the rest is JSON.
CREATE TABLE signature_rule (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    place BIGINT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Signatures written into the mailboxes of a source: planned, then applied ring by ring.
CREATE TABLE signature_publication (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('publish', 'restore', 'drift')),
    source_id TEXT NOT NULL REFERENCES source (id),
    data_key_id TEXT NOT NULL UNIQUE REFERENCES data_key (id),
    -- the day whose rules count
    day TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planning', 'planned', 'applying', 'paused', 'stopped', 'done')),
    -- of a paused one: where it goes on
    resumes_in TEXT CHECK (resumes_in IN ('planning', 'planned', 'applying')),
    why TEXT,
    ring BIGINT NOT NULL,
    refused_in_row BIGINT NOT NULL,
    -- the provider wants to be left alone until then
    not_before BIGINT,
    -- the job that works on it; another one leaves it alone
    job_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
-- One open publication a source.
CREATE UNIQUE INDEX publication_open ON signature_publication (source_id) WHERE ended_at IS NULL;

CREATE TABLE signature_publication_line (
    publication_id TEXT NOT NULL REFERENCES signature_publication (id),
    seq BIGINT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'planned', 'unchanged', 'skipped', 'applying', 'done', 'failed', 'drifted')),
    code TEXT,
    tries BIGINT NOT NULL,
    -- not tried again before
    not_before BIGINT,
    -- in a ring that was begun
    chosen BOOLEAN NOT NULL,
    -- address, what stood there and what is to, under the key of the publication
    sealed BYTEA NOT NULL,
    -- keyed hash of the address, once a plan found it: no two lines are to meet there
    address_mac BYTEA,
    PRIMARY KEY (publication_id, seq)
);
CREATE INDEX publication_line_state ON signature_publication_line (publication_id, state, chosen, seq);
CREATE INDEX publication_line_address ON signature_publication_line (publication_id, address_mac);
CREATE INDEX publication_line_person ON signature_publication_line (person_id);

-- What stood at an address before Estampe ever wrote it, kept until it is there again.
CREATE TABLE signature_mailbox (
    data_key_id TEXT NOT NULL PRIMARY KEY REFERENCES data_key (id),
    source_id TEXT NOT NULL REFERENCES source (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    -- keyed hash of the address
    address_mac BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    taken_at BIGINT NOT NULL,
    -- fingerprint of what the provider had after it was last written; NULL: nothing got there yet
    written TEXT,
    -- fingerprint of what was sent since, and nobody knows whether it got there
    tried TEXT,
    UNIQUE (source_id, address_mac)
);
CREATE INDEX signature_mailbox_person ON signature_mailbox (person_id);

-- Changes of people's fields that are to be written into the directory that they come from.
-- What was written, or is not wanted any more, is no longer here.
CREATE TABLE directory_change (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    source_id TEXT NOT NULL REFERENCES source (id),
    field TEXT NOT NULL,
    -- values of the field, JSON: what the directory said when it was asked for, what it is to
    -- say, and in a conflict what it has instead
    said TEXT NOT NULL,
    wanted TEXT NOT NULL,
    found TEXT,
    state TEXT NOT NULL CHECK (state IN ('asked', 'approved', 'writing', 'failed', 'conflict')),
    code TEXT,
    detail TEXT,
    tries BIGINT NOT NULL,
    asked_by TEXT REFERENCES account (id),
    asked_at BIGINT NOT NULL,
    agreed_at BIGINT,
    UNIQUE (person_id, field)
);
CREATE INDEX directory_change_source ON directory_change (source_id);
CREATE INDEX directory_change_asked ON directory_change (asked_at);

CREATE TABLE audit_event (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    operation TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    request_id TEXT NOT NULL,
    details TEXT NOT NULL,
    mac BYTEA NOT NULL
);

-- The purposes that exist from the start.
INSERT INTO purpose (id, key, legal_basis, retention_months, on_card_form, created_at) VALUES
    ('019ab000-0000-7000-8000-000000000001', 'reply', 'legitimate-interest', 36, TRUE, 1763942400000000),
    ('019ab000-0000-7000-8000-000000000002', 'invitations', 'consent', 36, TRUE, 1763942400000000),
    ('019ab000-0000-7000-8000-000000000003', 'employee-cards', 'legitimate-interest', 36, FALSE, 1763942400000000);
INSERT INTO purpose_text (purpose_id, version, locale, body, created_at) VALUES
    ('019ab000-0000-7000-8000-000000000001', 1, 'fr', 'But : répondre à votre demande (intérêt légitime). Gardé {months} mois après notre dernier échange, par {organisation} seulement.', 1763942400000000),
    ('019ab000-0000-7000-8000-000000000001', 1, 'en', 'Purpose: answering you (legitimate interest). Kept {months} months after our last exchange, by {organisation} alone.', 1763942400000000),
    ('019ab000-0000-7000-8000-000000000002', 1, 'fr', 'J’accepte de recevoir les invitations de {organisation}, qui garde mes coordonnées {months} mois après notre dernier échange. Je peux changer d’avis à tout moment.', 1763942400000000),
    ('019ab000-0000-7000-8000-000000000002', 1, 'en', 'I agree to receive invitations from {organisation}, which keeps my details {months} months after our last exchange. I can change my mind at any time.', 1763942400000000),
    ('019ab000-0000-7000-8000-000000000003', 1, 'fr', 'Présenter les collaborateurs de {organisation} par une carte de visite numérique.', 1763942400000000),
    ('019ab000-0000-7000-8000-000000000003', 1, 'en', 'Presenting the people of {organisation} by a digital business card.', 1763942400000000);
