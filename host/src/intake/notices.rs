//! Parts of the request that are taken and do nothing in this version: each gives a warning on the task (decision 16 of
//! the API reference).

use super::fields::Fields;
use crate::task::ObjectUri;
use crate::task::fault::FaultCode;

/// Reads `Notification` and `CredentialConfig`.
pub(super) fn notices(fields: &mut Fields<'_>) {
    if let Some(notification) = fields.object("Notification") {
        read_notification(notification);
    }
    if let Some(credentials) = fields.object("CredentialConfig") {
        read_credentials(credentials);
    }
}

fn read_notification(mut fields: Fields<'_>) {
    if let Some(uri) = fields.string("ExtendedMessageURI") {
        match ObjectUri::parse(uri) {
            Ok(_) => {
                fields.warn("NotificationIgnored", "ExtendedMessageURI", "no result file is written by this version");
            }
            Err(error) => fields.fault(FaultCode::InvalidArgument, "ExtendedMessageURI", error.to_string()),
        }
    }
    for (name, needed) in [("MNS", &["TopicName"][..]), ("RocketMQ", &["InstanceId", "TopicName"][..])] {
        let Some(mut sink) = fields.object(name) else { continue };
        let asked_for = !sink.is_hollow();
        for field in needed {
            if asked_for {
                sink.required_string(field)
            } else {
                sink.string(field)
            };
        }
        if asked_for {
            let message = format!("no message is sent: this version has no sink for {name}; poll the task instead");
            sink.warn("NotificationIgnored", "", message);
        }
        sink.finish();
    }
    fields.finish();
}

fn read_credentials(mut fields: Fields<'_>) {
    let asked_for = !fields.is_hollow();
    fields.string("ServiceRole");
    fields.string("Policy");
    let chain = fields.array("Chain").unwrap_or_default();
    let path = fields.path().field("Chain");
    for (index, link) in chain.iter().enumerate() {
        let Some(mut link) = Fields::open(link, path.index(index), None, fields.notes()) else { continue };
        link.string("AssumeRoleFor");
        link.string("Role");
        link.choice("RoleType", &[("user", ()), ("service", ())], &[]);
        link.finish();
    }
    if asked_for {
        fields.warn(
            "CredentialConfigIgnored",
            "",
            "is not used: which buckets a project may use stands in the host's configuration",
        );
    }
    fields.finish();
}
