//! Whether an answer is what the committed OpenAPI document promises: status, media type, and the
//! shape of its JSON, with no field more and none less. Also whether a body that was taken is one
//! that the document asks for.

use serde_json::Value;

pub(crate) struct Contract(Value);

/// A request and its answer.
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a str,
    /// With its query.
    pub(crate) path: &'a str,
    /// The JSON body, if there was one.
    pub(crate) sent: Option<&'a Value>,
    pub(crate) status: u16,
    pub(crate) media_type: &'a str,
    pub(crate) body: &'a str,
}

impl Contract {
    pub(crate) fn committed() -> Self {
        Self(serde_json::from_str(include_str!("../../../api/openapi.json")).unwrap())
    }

    pub(crate) fn check(&self, exchange: &Exchange<'_>) {
        let Exchange {
            method,
            status,
            body,
            ..
        } = exchange;
        let path = exchange.path.split('?').next().unwrap();
        let Some(operation) = self.operation(path, &method.to_lowercase()) else {
            assert!(
                matches!(status, 404 | 405),
                "{method} {path} answered {status} and is not in the document"
            );
            return;
        };
        if let Some(sent) = exchange.sent.filter(|_| (200..300).contains(status)) {
            let promised = &operation["requestBody"]["content"]["application/json"];
            assert!(
                promised.is_object(),
                "{method} {path} took a body that is not in the document"
            );
            self.fits(&promised["schema"], sent)
                .unwrap_or_else(|place| panic!("{method} {path} took {place}\n{sent}"));
        }
        let response = self.resolved(&operation["responses"][status.to_string()]);
        assert!(
            response.is_object(),
            "{method} {path}: status {status} is not in the document: {body}"
        );
        let Some(content) = response["content"].as_object() else {
            assert_eq!(*body, "", "{method} {path} {status} promises no body");
            return;
        };
        let media_type = exchange.media_type.split(';').next().unwrap();
        let promised = content.get(media_type).unwrap_or_else(|| {
            panic!("{method} {path} {status}: {media_type} is not in the document")
        });
        if !media_type.ends_with("json") {
            return;
        }
        let value: Value = serde_json::from_str(body).unwrap();
        self.fits(&promised["schema"], &value)
            .unwrap_or_else(|place| panic!("{method} {path} {status}: {place}\n{body}"));
    }

    fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object().unwrap();
        let exact = paths.get(path);
        let found = exact.or_else(|| {
            paths
                .iter()
                .find(|(template, _)| {
                    let (one, other) = (template.split('/'), path.split('/'));
                    one.clone().count() == other.clone().count()
                        && one
                            .zip(other)
                            .all(|(part, given)| part == given || part.starts_with('{'))
                })
                .map(|(_, operations)| operations)
        });
        found?.get(method)
    }

    /// The place where a value does not fit its schema.
    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            return self
                .fits(&self.0["components"]["schemas"][name], value)
                .map_err(|place| format!("{name}{place}"));
        }
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let fitting = choices
                .iter()
                .map(|choice| self.fits(choice, value))
                .collect::<Vec<_>>();
            if fitting.iter().any(Result::is_ok) {
                return Ok(());
            }
            return Err(fitting
                .into_iter()
                .find_map(Result::err)
                .unwrap_or_default());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.fits_all(parts, value);
        }
        if let Some(words) = schema["enum"].as_array() {
            return words
                .contains(value)
                .then_some(())
                .ok_or_else(|| format!(": {value} is not one of {words:?}"));
        }
        let kinds = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        if !kinds.iter().any(|kind| is(kind, value)) {
            return Err(format!(": {value} is not {kinds:?}"));
        }
        match value {
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.fits(&schema["items"], item)),
            // An object of which nothing is said.
            Value::Object(_)
                if schema["properties"].is_null() && schema["additionalProperties"].is_null() =>
            {
                Ok(())
            }
            Value::Object(_) => self.fits_all(std::slice::from_ref(schema), value),
            _ => Ok(()),
        }
    }

    /// An object's fields are spread over several schemas when one is flattened into another.
    fn fits_all(&self, parts: &[Value], value: &Value) -> Result<(), String> {
        let parts: Vec<&Value> = parts.iter().map(|part| self.resolved(part)).collect();
        let fields = value
            .as_object()
            .ok_or_else(|| format!(": {value} is not an object"))?;
        for part in &parts {
            for name in part["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                fields
                    .get(name)
                    .ok_or_else(|| format!(".{name} is missing"))?;
            }
        }
        for (name, field) in fields {
            let schema = parts.iter().find_map(|part| part["properties"].get(name));
            let schema = schema.or_else(|| {
                parts
                    .iter()
                    .find_map(|part| part.get("additionalProperties"))
                    .filter(|schema| schema.is_object())
            });
            let schema = schema.ok_or_else(|| format!(".{name} is not in the document"))?;
            self.fits(schema, field)
                .map_err(|place| format!(".{name}{place}"))?;
        }
        Ok(())
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let place = reference.strip_prefix('#').unwrap();
                self.0.pointer(place).unwrap_or(&Value::Null)
            }
            None => schema,
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document has type {other}"),
    }
}
