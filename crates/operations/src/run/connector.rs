//! One configuration, ready to run operations: what the native module and the command line call.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use engine::Engine;
use serde_json::{Map, Value};

use crate::{
    Configuration, Error, Health, Kind, Operation, Outcome, Services, catalogue,
    configuration::wording::wording,
    run::{
        call::Call,
        health, oversize,
        perform::{Performed, perform},
        secrets::Secrets,
        validate::validated,
    },
};

/// One configuration with its engine. Any number of threads may call it at once.
#[derive(Debug)]
pub struct Connector {
    configuration: Configuration,
    engine: Engine,
    /// The engine's, for people.
    address: Arc<str>,
    /// Whether a health check has succeeded.
    is_checked: AtomicBool,
}

/// What a log line says of a call.
#[derive(Debug, Clone)]
pub struct Report {
    /// The operation's name, as it was asked for; an unknown one in one line, and short.
    pub operation: Cow<'static, str>,
    /// The engine's address.
    pub engine: Arc<str>,
    /// The last HTTP status, if an answer came.
    pub status: Option<u16>,
    /// How many requests were tried in all.
    pub tries: u32,
    /// The rule that protects a container, and that the call has set aside.
    pub overridden: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// How a call has ended.
struct Ran {
    result: Result<Outcome, Error>,
    status: Option<u16>,
    tries: u32,
    overridden: Option<String>,
}

impl Ran {
    fn refused(error: Error) -> Self {
        Self { result: Err(error), status: None, tries: 0, overridden: None }
    }
}

impl Connector {
    /// Reads a configuration, its files included. Connects to nothing yet.
    pub fn new(configuration: &Map<String, Value>, services: &dyn Services) -> Result<Self, Error> {
        let configuration = Configuration::read(configuration, services)?;
        let engine = Engine::new(configuration.settings().clone()).map_err(|error| match error.kind() {
            engine::ErrorKind::InvalidRequest => {
                Error::new(Kind::InvalidConfiguration, error.worded(wording()))
            }
            _ => error.into(),
        });
        let engine = engine.map_err(|error: Error| error.hiding(configuration.secrets()))?;
        let address = configuration.settings().address.to_string().into();
        Ok(Self { configuration, engine, address, is_checked: AtomicBool::new(false) })
    }

    /// Runs an operation, by any of its names, and gives its result.
    pub fn execute(
        &self,
        operation: &str,
        params: &Map<String, Value>,
        services: &dyn Services,
    ) -> (Result<Outcome, Error>, Report) {
        let started = Instant::now();
        let found = catalogue::named(operation);
        let Ran { result, status, tries, overridden } = match found {
            Some((_, operation)) => self.run(operation, params, services),
            None => Ran::refused(catalogue::unknown(operation)),
        };
        let report = Report {
            operation: match found {
                Some((name, _)) => name.into(),
                None => operation.escape_debug().take(80).collect::<String>().into(),
            },
            engine: Arc::clone(&self.address),
            status,
            tries,
            overridden,
            elapsed: started.elapsed(),
        };
        (result, report)
    }

    /// Reaches the engine, signs in, negotiates, and measures a round trip. Each step is tried once.
    pub fn check_health(&self) -> Result<Health, Error> {
        let secrets = self.configuration.secrets();
        match health::health(&self.engine.without_retries(), &self.configuration) {
            Ok(mut health) => {
                if !self.is_checked.swap(true, Ordering::Relaxed) {
                    health.warnings.extend(health::formerly_protected(&self.engine, &self.configuration));
                }
                Ok(health.hiding(secrets))
            }
            Err(error) => Err(error.hiding(secrets)),
        }
    }

    /// Closes the connections that no call is using.
    pub fn close_idle(&self) {
        self.engine.close_idle();
    }

    /// In a process made by `fork()`: leaves the parent's connections to the parent.
    pub fn leave_to_parent(&self) {
        self.engine.leave_to_parent();
    }

    fn run(
        &self,
        operation: &'static Operation,
        params: &Map<String, Value>,
        services: &dyn Services,
    ) -> Ran {
        let arguments = match validated(operation, params) {
            Ok(arguments) => arguments,
            Err(error) => {
                let given = Secrets::given(operation.params, params);
                return Ran::refused(error.within(operation.name).hiding(&given));
            }
        };
        let call = Call {
            endpoint: operation.endpoint(),
            arguments,
            engine: &self.engine,
            configuration: &self.configuration,
            services,
            status: Cell::new(None),
            tries: Cell::new(0),
            changed: Cell::new(false),
            given: params,
            sent: RefCell::default(),
            overridden: RefCell::default(),
            seen: RefCell::default(),
        };
        let Performed { result, status, tries, overridden } = perform(operation, call);
        // A form has no use for an attachment; what lists choices for one has a bound of its own.
        let most = self.configuration.max_result_size().filter(|_| operation.visible);
        let result = result.and_then(|output| oversize::fit(output, operation, most, services));
        let result = result.map_err(|error| error.within(operation.name));
        Ran { result, status, tries, overridden }
    }
}
