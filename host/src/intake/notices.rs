//! Who is told of the end of a task. What is taken and does nothing in this version gives a warning on the task (decision 16 of
//! the API reference).

use super::Context;
use super::fields::Fields;
use super::rights::NoticeRights;
use crate::task::fault::FaultCode;
use crate::task::notice::TOPIC_RULE;
use crate::task::{ObjectUri, Receiver, RetryPolicy, TopicName};

/// What `RetryPolicy` may be.
pub(super) const RETRIES: [(&str, RetryPolicy); 2] =
    [("BACKOFF", RetryPolicy::Backoff), ("EXPONENTIAL_DECAY", RetryPolicy::ExponentialDecay)];

/// Longest URL of a webhook in bytes.
const LONGEST_URL: usize = 2048;

/// Reads `Notification` and `CredentialConfig`.
pub(super) fn notices(fields: &mut Fields<'_>, context: &Context<'_>) -> Vec<Receiver> {
    let receivers = fields.object("Notification").map(|fields| read_notification(fields, context)).unwrap_or_default();
    if let Some(credentials) = fields.object("CredentialConfig") {
        read_credentials(credentials);
    }
    receivers
}

fn read_notification(mut fields: Fields<'_>, context: &Context<'_>) -> Vec<Receiver> {
    let object = fields.string("ExtendedMessageURI").and_then(|text| object(&fields, text, context));
    let topic = fields.object("MNS").and_then(|sink| read_topic(sink, context.notices));
    if let Some(mut sink) = fields.object("RocketMQ") {
        if sink.is_hollow() {
            sink.string("InstanceId");
            sink.string("TopicName");
        } else {
            sink.required_string("InstanceId");
            sink.required_string("TopicName");
            let message = "no message is sent: this version has no sink for RocketMQ; use MNS or Webhook";
            sink.warn("NotificationIgnored", "", message);
        }
        sink.finish();
    }
    let webhook = fields.object("Webhook").and_then(|sink| read_webhook(sink, context.notices));
    fields.finish();
    object.into_iter().chain(topic).chain(webhook).collect()
}

fn object(fields: &Fields<'_>, text: &str, context: &Context<'_>) -> Option<Receiver> {
    let field = "ExtendedMessageURI";
    let uri = match ObjectUri::parse(text) {
        Ok(uri) => uri,
        Err(error) => {
            fields.fault(FaultCode::InvalidArgument, field, error.to_string());
            return None;
        }
    };
    if let Err(why) = context.buckets.can_write(uri.bucket(), uri.key()) {
        fields.fault(FaultCode::InvalidArgument, field, why);
        return None;
    }
    if let Err(why) = context.notices.sends() {
        fields.warn("NotificationIgnored", field, why);
        return None;
    }
    Some(Receiver::Object { uri })
}

fn read_topic(mut fields: Fields<'_>, rights: &dyn NoticeRights) -> Option<Receiver> {
    let name = if fields.is_hollow() { fields.string("TopicName") } else { fields.required_string("TopicName") };
    let topic = name.and_then(|name| match TopicName::new(name) {
        Ok(name) => Some(name),
        Err(_) => {
            fields.fault(FaultCode::InvalidArgument, "TopicName", TOPIC_RULE);
            None
        }
    });
    let topic = topic.filter(|name| match rights.topic(name) {
        Ok(()) => true,
        Err(why) => {
            fields.warn("NotificationIgnored", "", why);
            false
        }
    });
    fields.finish();
    topic.map(|name| Receiver::Topic { name })
}

fn read_webhook(mut fields: Fields<'_>, rights: &dyn NoticeRights) -> Option<Receiver> {
    let hollow = fields.is_hollow();
    let url = if hollow { fields.string("URL") } else { fields.required_string("URL") };
    let retry = fields.choice("RetryPolicy", &RETRIES, &[]).unwrap_or_default();
    let url = url.filter(|url| {
        let checked = match url.len() {
            0..=LONGEST_URL => rights.webhook(url),
            length => Err(format!("must be at most {LONGEST_URL} bytes long; it has {length}")),
        };
        let wrong = checked.err();
        if let Some(why) = &wrong {
            fields.fault(FaultCode::InvalidArgument, "URL", why.as_str());
        }
        wrong.is_none()
    });
    let url = url.filter(|_| match rights.sends() {
        Ok(()) => true,
        Err(why) => {
            fields.warn("NotificationIgnored", "", why);
            false
        }
    });
    fields.finish();
    url.map(|url| Receiver::Webhook { url: url.to_owned(), retry })
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
