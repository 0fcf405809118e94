//! To and from the SDK's message traits, which is how every binding reads and writes an envelope.

use super::{Envelope, EnvelopeError, interned};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use cloudevents::{
    event::SpecVersion,
    message::{
        BinaryDeserializer, BinarySerializer, Error, MessageAttributeValue, Result as SdkResult,
    },
};
use std::borrow::Cow;
use url::Url;

impl BinaryDeserializer for Envelope {
    fn deserialize_binary<R: Sized, V: BinarySerializer<R>>(self, visitor: V) -> SdkResult<R> {
        use MessageAttributeValue::{DateTime, String, Uri, UriRef};
        let mut visitor = visitor
            .set_spec_version(SpecVersion::V10)?
            .set_attribute("id", String(self.id))?
            .set_attribute("type", String(self.kind))?
            .set_attribute("source", UriRef(self.source))?;
        let optional = [
            ("datacontenttype", self.content_type.map(String)),
            ("dataschema", self.schema.map(Uri)),
            ("subject", self.subject.map(String)),
            ("time", self.time.map(DateTime)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                visitor = visitor.set_attribute(name, value)?;
            }
        }
        for (name, value) in self.extensions {
            visitor = visitor.set_extension(&name, String(value))?;
        }
        if self.data.is_empty() {
            visitor.end()
        } else {
            visitor.end_with_data(self.data.into())
        }
    }
}

/// What a message said, before anyone looked whether it is an event.
#[derive(Default)]
pub(crate) struct Unchecked {
    is_current: bool,
    id: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    subject: Option<String>,
    time: Option<DateTime<Utc>>,
    content_type: Option<String>,
    schema: Option<Url>,
    extensions: Vec<(Cow<'static, str>, String)>,
    data: Bytes,
}

impl Unchecked {
    /// Data that need not be copied.
    pub(crate) fn with_data(mut self, data: Bytes) -> Self {
        self.data = data;
        self
    }

    /// # Errors
    /// When it breaks a rule of CloudEvents 1.0 or a bound of ours.
    pub(crate) fn check(self) -> Result<Envelope, EnvelopeError> {
        // The SDK still reads 0.3, whose attributes have other names.
        if !self.is_current {
            return Err(EnvelopeError::Malformed(
                "its version is not 1.0".to_owned(),
            ));
        }
        let mut extensions = self.extensions;
        extensions.sort_unstable();
        // Which of two a map of headers gives first is chance, and a replay must not be.
        if let Some(pair) = extensions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(EnvelopeError::Malformed(format!(
                "attribute {} is there twice",
                pair[0].0
            )));
        }
        Envelope {
            id: self.id.unwrap_or_default(),
            source: self.source.unwrap_or_default(),
            kind: self.kind.unwrap_or_default(),
            subject: self.subject,
            time: self.time,
            content_type: self.content_type,
            schema: self.schema,
            extensions,
            data: self.data,
        }
        .checked()
    }
}

/// Fills a place that must be empty.
fn fill<T>(place: &mut Option<T>, name: &str, value: T) -> SdkResult<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Other {
            source: format!("attribute {name} is there twice").into(),
        }),
    }
}

fn text(value: MessageAttributeValue) -> String {
    match value {
        MessageAttributeValue::String(text) | MessageAttributeValue::UriRef(text) => text,
        other => other.to_string(),
    }
}

impl BinarySerializer<Self> for Unchecked {
    fn set_spec_version(mut self, version: SpecVersion) -> SdkResult<Self> {
        self.is_current = version == SpecVersion::V10;
        Ok(self)
    }

    fn set_attribute(mut self, name: &str, value: MessageAttributeValue) -> SdkResult<Self> {
        match name {
            "id" => fill(&mut self.id, name, text(value))?,
            "source" => fill(&mut self.source, name, text(value))?,
            "type" => fill(&mut self.kind, name, text(value))?,
            "subject" => fill(&mut self.subject, name, text(value))?,
            "time" => fill(&mut self.time, name, value.try_into()?)?,
            "datacontenttype" => fill(&mut self.content_type, name, text(value))?,
            "dataschema" => fill(&mut self.schema, name, value.try_into()?)?,
            other => self.extensions.push((interned(other), text(value))),
        }
        Ok(self)
    }

    fn set_extension(mut self, name: &str, value: MessageAttributeValue) -> SdkResult<Self> {
        self.extensions.push((interned(name), text(value)));
        Ok(self)
    }

    fn end_with_data(self, bytes: Vec<u8>) -> SdkResult<Self> {
        Ok(self.with_data(bytes.into()))
    }

    fn end(self) -> SdkResult<Self> {
        Ok(self)
    }
}
