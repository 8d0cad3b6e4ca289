//! Passkeys by `webauthn-rs`.

use data_encoding::BASE64URL_NOPAD;
use estampe_domain::AccountId;
use estampe_domain::ports::{Ceremony, NewPasskey, Passkeys, UsedPasskey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Uuid,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// Passkeys of one console.
pub struct WebAuthnPasskeys(Option<Webauthn>);

impl WebAuthnPasskeys {
    /// For the console at this origin, shown to its people under this name.
    pub fn new(origin: &str, name: &str) -> Self {
        Self(webauthn(origin, name))
    }

    fn there(&self) -> Result<&Webauthn, String> {
        self.0.as_ref().ok_or_else(|| "the console's address is no name: it can have no passkeys".to_owned())
    }
}

/// None where the origin has no name: an address of IP is no relying party.
fn webauthn(origin: &str, name: &str) -> Option<Webauthn> {
    let origin = Url::parse(origin).ok()?;
    let id = origin.domain()?.to_owned();
    WebauthnBuilder::new(&id, &origin).ok()?.rp_name(name).build().ok()
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("not what was asked for: {error}"))
}

fn write(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// The options alone, as `parseCreationOptionsFromJSON` and its sister take them.
fn options(asked: &impl Serialize, mend: impl FnOnce(&mut Value)) -> Result<String, String> {
    let mut asked = serde_json::to_value(asked).map_err(|error| error.to_string())?;
    let mut options = asked.get_mut("publicKey").map(Value::take).ok_or("no options")?;
    mend(&mut options);
    write(&options)
}

fn all(passkeys: &[String]) -> Result<Vec<Passkey>, String> {
    passkeys.iter().map(|stored| read(stored)).collect()
}

impl Passkeys for WebAuthnPasskeys {
    fn can_be(&self) -> bool {
        self.0.is_some()
    }

    fn begin_registration(
        &self,
        whose: AccountId,
        name: &str,
        shown: &str,
        known: &[String],
    ) -> Result<Ceremony, String> {
        let whose = Uuid::parse_str(&whose.to_string()).map_err(|error| error.to_string())?;
        let known = all(known)?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let begun = self.there()?.start_passkey_registration(whose, name, shown, Some(known));
        let (asked, state) = begun.map_err(|error| error.to_string())?;
        // kept by the device where it can be, so that nobody has to type who they are
        let options = options(&asked, |options| {
            if let Some(selection) = options.get_mut("authenticatorSelection") {
                selection["residentKey"] = json!("preferred");
            }
        })?;
        Ok(Ceremony { options, state: write(&state)? })
    }

    fn finish_registration(&self, state: &str, answer: &str) -> Result<NewPasskey, String> {
        let (state, answer): (PasskeyRegistration, RegisterPublicKeyCredential) = (read(state)?, read(answer)?);
        let passkey = self.there()?.finish_passkey_registration(&answer, &state).map_err(|error| error.to_string())?;
        Ok(NewPasskey { credential: BASE64URL_NOPAD.encode(passkey.cred_id().as_ref()), passkey: write(&passkey)? })
    }

    fn begin_use(&self, passkeys: &[String]) -> Result<Ceremony, String> {
        let webauthn = self.there()?;
        if passkeys.is_empty() {
            let (asked, state) = webauthn.start_discoverable_authentication().map_err(|error| error.to_string())?;
            return Ok(Ceremony { options: options(&asked, |_| ())?, state: write(&state)? });
        }
        let begun = webauthn.start_passkey_authentication(&all(passkeys)?);
        let (asked, state) = begun.map_err(|error| error.to_string())?;
        Ok(Ceremony { options: options(&asked, |_| ())?, state: write(&state)? })
    }

    fn whose(&self, answer: &str) -> Result<AccountId, String> {
        let answer: PublicKeyCredential = read(answer)?;
        let found = self.there()?.identify_discoverable_authentication(&answer);
        let (whose, _) = found.map_err(|error| error.to_string())?;
        whose.to_string().parse().map_err(|_| "its holder is no account".to_owned())
    }

    fn finish_use(&self, state: &str, answer: &str, passkeys: &[String], any: bool) -> Result<UsedPasskey, String> {
        let answer: PublicKeyCredential = read(answer)?;
        let mut known = all(passkeys)?;
        let of = |passkey: &&mut Passkey| passkey.cred_id().as_slice() == answer.get_credential_id();
        let passkey = known.iter_mut().find(of).ok_or("none of the account's passkeys")?;
        let webauthn = self.there()?;
        let used: Result<AuthenticationResult, _> = if any {
            let state: DiscoverableAuthentication = read(state)?;
            webauthn.finish_discoverable_authentication_v2(&answer, state, &*passkey)
        } else {
            let state: PasskeyAuthentication = read(state)?;
            webauthn.finish_passkey_authentication(&answer, &state)
        };
        let used = used.map_err(|error| error.to_string())?;
        if !used.user_verified() {
            return Err("its holder was not verified".to_owned());
        }
        let changed = passkey.update_credential(&used) == Some(true);
        Ok(UsedPasskey {
            credential: BASE64URL_NOPAD.encode(passkey.cred_id().as_ref()),
            passkey: changed.then(|| write(passkey)).transpose()?,
        })
    }
}
