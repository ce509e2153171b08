//! The rules of the configuration, held against the containers that are there.
//!
//! An image passes its labels on to its containers, and whoever makes the image chooses them. So a label counts only where the
//! image does not carry it with the same value.

use std::{cell::RefCell, collections::HashMap};

use serde_json::Value;

use super::look;
use crate::{
    Error,
    run::{
        call::Call,
        policy::{Rule, blocked},
    },
};

/// The rules, for one call.
pub(crate) struct Rules<'c> {
    call: &'c Call<'c>,
    /// The labels of the images that were looked at.
    images: RefCell<HashMap<String, Value>>,
}

impl<'c> Rules<'c> {
    pub(crate) fn of(call: &'c Call<'c>) -> Self {
        Self { call, images: RefCell::default() }
    }

    /// The rule that protects a container, if one does. `container` is an inspection of it.
    pub(crate) fn protecting(&self, container: &Value) -> Result<Option<&'c Rule>, Error> {
        for rule in self.call.configuration.policy().rules().iter().filter(|rule| rule.is_about(container)) {
            let is_from_image = match rule.label() {
                Some(label) => self.is_from_image(container, label)?,
                None => false,
            };
            if !is_from_image {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }

    /// Refuses a change to a container that a rule protects. `named` is what the call calls it.
    pub(super) fn refuse(&self, container: &Value, named: &str) -> Result<(), Error> {
        match self.protecting(container)? {
            None => Ok(()),
            Some(rule) => Err(blocked(format!(
                "Container {} is protected by {rule}. Nothing was done. An administrator can lift the protection.",
                named.trim_start_matches('/')
            ))),
        }
    }

    fn is_from_image(&self, container: &Value, label: &str) -> Result<bool, Error> {
        let Some(image) = container["Image"].as_str().filter(|image| !image.is_empty()) else {
            return Ok(false);
        };
        if !self.images.borrow().contains_key(image) {
            let labels = look::labels_of_image(self.call, image)?;
            self.images.borrow_mut().insert(image.to_owned(), labels);
        }
        let value = container["Config"]["Labels"].get(label);
        Ok(value.is_some() && self.images.borrow()[image].get(label) == value)
    }
}
