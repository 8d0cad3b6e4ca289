//! Reads people from an LDIF or CSV file

struct P;
impl estampe_plugin_sdk::Connector for P {
    fn describe() -> estampe_plugin_sdk::Description {
        estampe_plugin_sdk::Description { features: estampe_plugin_sdk::Features { incremental: false }, attributes: vec!["cn".into()] }
    }
    fn check(_host: &dyn estampe_plugin_sdk::Host) -> Vec<estampe_plugin_sdk::Probe> {
        vec![]
    }
    fn sync_page(host: &dyn estampe_plugin_sdk::Host, _mode: estampe_plugin_sdk::SyncMode, _from: Option<estampe_plugin_sdk::Cursor>) -> Result<estampe_plugin_sdk::Page, estampe_plugin_sdk::Failure> {
        host.stat("people")?;
        Ok(estampe_plugin_sdk::Page { events: vec![], next: None, checkpoint: None })
    }
}
estampe_plugin_sdk::export_connector!(P);
