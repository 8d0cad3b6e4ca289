//! The tables as diesel sees them; the migrations are their source, a test compares.

diesel::table! {
    appliance_key (name) {
        name -> Text,
        kek_id -> Text,
        wrapped -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    data_key (id) {
        id -> Text,
        kek_id -> Text,
        wrapped -> Nullable<Binary>,
        created_at -> BigInt,
        destroyed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    subject (id) {
        id -> Text,
        data_key_id -> Text,
        email_mac -> Nullable<Binary>,
        created_at -> BigInt,
    }
}

diesel::table! {
    purpose (id) {
        id -> Text,
        key -> Text,
        legal_basis -> Text,
        retention_months -> BigInt,
        on_card_form -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    purpose_text (purpose_id, version, locale) {
        purpose_id -> Text,
        version -> BigInt,
        locale -> Text,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    blob (id) {
        id -> Text,
        media_type -> Text,
        content -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    source (id) {
        id -> Text,
        name -> Text,
        connector -> Text,
        mapping -> Nullable<Text>,
        purpose_id -> Text,
        checkpoint -> Nullable<Binary>,
        every_minutes -> Nullable<BigInt>,
        owners -> Nullable<Text>,
        created_at -> BigInt,
        members_stale -> Bool,
        organisation -> Nullable<Text>,
    }
}

diesel::table! {
    source_state (source_id, key) {
        source_id -> Text,
        key -> Text,
        value -> Binary,
    }
}

diesel::table! {
    source_ending (source_id) {
        source_id -> Text,
        name -> Text,
        people_fate -> Text,
        people -> BigInt,
        released -> BigInt,
        disabled -> BigInt,
        erased -> BigInt,
        runs -> BigInt,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    source_secret (source_id, key) {
        source_id -> Text,
        key -> Text,
        sealed -> Binary,
    }
}

diesel::table! {
    plugin (id) {
        id -> Text,
        state -> Text,
        current_version -> Nullable<Text>,
        previous_version -> Nullable<Text>,
        waiting_version -> Nullable<Text>,
        failures -> BigInt,
        problem -> Nullable<Text>,
        changed_at -> BigInt,
    }
}

diesel::table! {
    plugin_version (plugin_id, version) {
        plugin_id -> Text,
        version -> Text,
        info -> Text,
        sha256 -> Text,
        signature -> Text,
        bundle -> Binary,
        installed_at -> BigInt,
    }
}

diesel::table! {
    plugin_grant (plugin_id, permission) {
        plugin_id -> Text,
        permission -> Text,
        granted_at -> BigInt,
    }
}

diesel::table! {
    person (id) {
        id -> Text,
        display_name -> Text,
        sort_key -> Text,
        search_text -> Text,
        profile -> Text,
        photo_id -> Nullable<Text>,
        entered -> Nullable<Text>,
        conflicts -> BigInt,
        active -> Bool,
        created_at -> BigInt,
        changed_at -> BigInt,
        erased_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    card (id) {
        id -> Text,
        public_id -> Text,
        person_id -> Text,
        active -> Bool,
        version -> BigInt,
        created_at -> BigInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    run (id) {
        id -> Text,
        source_id -> Text,
        data_key_id -> Text,
        state -> Text,
        hold -> Nullable<Text>,
        plan_only -> Bool,
        mode -> Text,
        known_active -> BigInt,
        created -> BigInt,
        changed -> BigInt,
        disabled -> BigInt,
        unchanged -> BigInt,
        refused -> BigInt,
        known_groups -> BigInt,
        groups_created -> BigInt,
        groups_changed -> BigInt,
        groups_gone -> BigInt,
        groups_unchanged -> BigInt,
        applied -> BigInt,
        checkpoint -> Nullable<Binary>,
        failure_code -> Nullable<Text>,
        failure_sealed -> Nullable<Binary>,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    person_identity (source_id, external_id) {
        source_id -> Text,
        external_id -> Text,
        person_id -> Text,
        fingerprint -> Text,
        photo_digest -> Nullable<Text>,
        said -> Nullable<Text>,
        active -> Bool,
        seen_run_id -> Nullable<Text>,
        handles -> Nullable<Binary>,
    }
}

diesel::table! {
    directory_group (id) {
        id -> Text,
        source_id -> Text,
        external_id -> Text,
        name -> Text,
        sort_key -> Text,
        fingerprint -> Binary,
        seen_run_id -> Nullable<Text>,
        created_at -> BigInt,
        changed_at -> BigInt,
        handles -> Binary,
        members -> Binary,
    }
}

diesel::table! {
    group_member (group_id, person_id) {
        group_id -> Text,
        person_id -> Text,
    }
}

diesel::table! {
    run_group (run_id, seq) {
        run_id -> Text,
        seq -> BigInt,
        action -> Text,
        sealed -> Binary,
    }
}

diesel::table! {
    run_handle (run_id, seq) {
        run_id -> Text,
        seq -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    run_item (run_id, seq) {
        run_id -> Text,
        seq -> BigInt,
        action -> Text,
        person_id -> Text,
        sealed -> Binary,
        said -> Nullable<Binary>,
        photo -> Nullable<Binary>,
    }
}

diesel::table! {
    run_refusal (run_id, seq) {
        run_id -> Text,
        seq -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    run_log (run_id, seq) {
        run_id -> Text,
        seq -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    run_state (run_id, key) {
        run_id -> Text,
        key -> Text,
        value -> Nullable<Binary>,
    }
}

diesel::table! {
    lead (id) {
        id -> Text,
        subject_id -> Text,
        card_id -> Text,
        person_id -> Text,
        purpose_id -> Text,
        locale -> Text,
        sealed -> Binary,
        key_mac -> Binary,
        content_mac -> Nullable<Binary>,
        received_at -> BigInt,
    }
}

diesel::table! {
    wording (id) {
        id -> Text,
        purpose_id -> Text,
        text_version -> BigInt,
        locale -> Text,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    consent (lead_id, wording_id) {
        lead_id -> Text,
        wording_id -> Text,
        granted -> Bool,
        at -> BigInt,
        channel -> Text,
    }
}

diesel::table! {
    job (id) {
        id -> Text,
        queue -> Text,
        kind -> Text,
        reference -> Text,
        request_id -> Text,
        state -> Text,
        attempts -> BigInt,
        run_at -> BigInt,
        lease_until -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        tried_since -> Nullable<BigInt>,
        unanswered -> BigInt,
    }
}

diesel::table! {
    account (id) {
        id -> Text,
        person_id -> Nullable<Text>,
        name -> Text,
        email -> Text,
        email_key -> Text,
        password_hash -> Nullable<Text>,
        active -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    account_role (account_id, role) {
        account_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    account_team (account_id, group_id) {
        account_id -> Text,
        group_id -> Text,
    }
}

diesel::table! {
    account_token (account_id) {
        account_id -> Text,
        token_hash -> Text,
        ends_at -> BigInt,
    }
}

diesel::table! {
    session (id) {
        id -> Text,
        token_hash -> Text,
        account_id -> Text,
        csrf -> Text,
        how -> Text,
        agent -> Text,
        address -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
        confirmed_at -> BigInt,
        factor_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    half_session (token_hash) {
        token_hash -> Text,
        account_id -> Text,
        how -> Text,
        ends_at -> BigInt,
    }
}

diesel::table! {
    known_browser (token_hash, account_id) {
        token_hash -> Text,
        account_id -> Text,
        seen_at -> BigInt,
    }
}

diesel::table! {
    account_factor (id) {
        id -> Text,
        account_id -> Text,
        kind -> Text,
        name -> Text,
        credential -> Nullable<Text>,
        passkey -> Nullable<Text>,
        seed -> Nullable<Binary>,
        step -> BigInt,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    approval (id) {
        id -> Text,
        act -> Text,
        asked_by -> Text,
        asked_at -> BigInt,
        ends_at -> BigInt,
        done -> Nullable<Bool>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_code (account_id, code_hash) {
        account_id -> Text,
        code_hash -> Text,
    }
}

diesel::table! {
    sign_in_provider (id) {
        id -> Text,
        name -> Text,
        label -> Text,
        settings -> Text,
        coming -> Text,
        sealed -> Nullable<Binary>,
        created_at -> BigInt,
    }
}

diesel::table! {
    account_identity (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        account_id -> Text,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    account_mapped_role (account_id, provider_id, role) {
        account_id -> Text,
        provider_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    pending_sign_in (state_hash) {
        state_hash -> Text,
        provider_id -> Text,
        sealed -> Binary,
        ends_at -> BigInt,
    }
}

diesel::table! {
    setting (key) {
        key -> Text,
        value -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    signature_design (id) {
        id -> Text,
        name -> Text,
        plugin_id -> Text,
        config -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    signature_picture (file) {
        file -> Text,
        name -> Text,
        kind -> Text,
        blob_id -> Text,
        width -> BigInt,
        height -> BigInt,
        octets -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    signature_rule (id) {
        id -> Text,
        name -> Text,
        place -> BigInt,
        settings -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    signature_publication (id) {
        id -> Text,
        kind -> Text,
        source_id -> Text,
        data_key_id -> Text,
        day -> Text,
        state -> Text,
        resumes_in -> Nullable<Text>,
        why -> Nullable<Text>,
        ring -> BigInt,
        refused_in_row -> BigInt,
        not_before -> Nullable<BigInt>,
        job_id -> Text,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    signature_publication_line (publication_id, seq) {
        publication_id -> Text,
        seq -> BigInt,
        person_id -> Text,
        state -> Text,
        code -> Nullable<Text>,
        tries -> BigInt,
        not_before -> Nullable<BigInt>,
        chosen -> Bool,
        sealed -> Binary,
        address_mac -> Nullable<Binary>,
    }
}

diesel::table! {
    signature_mailbox (data_key_id) {
        data_key_id -> Text,
        source_id -> Text,
        person_id -> Text,
        address_mac -> Binary,
        sealed -> Binary,
        taken_at -> BigInt,
        written -> Nullable<Text>,
        tried -> Nullable<Text>,
    }
}

diesel::table! {
    directory_change (id) {
        id -> Text,
        person_id -> Text,
        source_id -> Text,
        field -> Text,
        said -> Text,
        wanted -> Text,
        found -> Nullable<Text>,
        state -> Text,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
        tries -> BigInt,
        asked_by -> Nullable<Text>,
        asked_at -> BigInt,
        agreed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_event (id) {
        id -> Text,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        operation -> Text,
        object_kind -> Text,
        object_id -> Text,
        outcome -> Text,
        request_id -> Text,
        details -> Text,
        mac -> Binary,
    }
}

diesel::table! {
    bulk (id) {
        id -> Text,
        act -> Text,
        people -> BigInt,
        done -> BigInt,
        changed -> BigInt,
        undoes -> Nullable<Text>,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bulk_person (bulk_id, seq) {
        bulk_id -> Text,
        seq -> BigInt,
        person_id -> Text,
        changed -> Bool,
    }
}

diesel::table! {
    api_token (id) {
        id -> Text,
        account_id -> Nullable<Text>,
        name -> Text,
        scopes -> Text,
        token_hash -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        leads_read_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency (token_id, key_hash) {
        token_id -> Text,
        key_hash -> Text,
        fingerprint -> Text,
        sealed -> Nullable<Binary>,
        begun_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    appliance_key,
    data_key,
    subject,
    purpose,
    purpose_text,
    blob,
    source,
    source_state,
    source_ending,
    source_secret,
    plugin,
    plugin_version,
    plugin_grant,
    person,
    card,
    run,
    person_identity,
    directory_group,
    group_member,
    run_group,
    run_handle,
    run_item,
    run_refusal,
    run_log,
    run_state,
    lead,
    wording,
    consent,
    job,
    bulk,
    bulk_person,
    account,
    account_role,
    account_team,
    account_token,
    api_token,
    idempotency,
    session,
    half_session,
    known_browser,
    account_factor,
    recovery_code,
    approval,
    sign_in_provider,
    account_identity,
    account_mapped_role,
    pending_sign_in,
    setting,
    signature_design,
    signature_picture,
    signature_rule,
    signature_publication,
    signature_publication_line,
    signature_mailbox,
    directory_change,
    audit_event,
);

diesel::joinable!(account_role -> account (account_id));
diesel::joinable!(account_team -> directory_group (group_id));
diesel::joinable!(card -> person (person_id));
diesel::joinable!(directory_change -> person (person_id));
diesel::joinable!(directory_change -> source (source_id));
diesel::joinable!(lead -> person (person_id));
diesel::joinable!(lead -> subject (subject_id));
diesel::joinable!(run -> source (source_id));
diesel::joinable!(signature_picture -> blob (blob_id));
diesel::joinable!(signature_publication -> source (source_id));
diesel::joinable!(person_identity -> source (source_id));
diesel::joinable!(directory_group -> source (source_id));
diesel::joinable!(group_member -> directory_group (group_id));
diesel::joinable!(wording -> purpose (purpose_id));
diesel::joinable!(consent -> wording (wording_id));
