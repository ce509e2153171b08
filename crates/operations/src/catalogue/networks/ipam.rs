//! The addresses of a new network: its subnets, each with its gateway, range and reserved addresses, as the API's
//! `IPAM.Config`.
//!
//! A gateway, a range or a reserved address belongs to the subnet that it lies in, as on Docker's command line; so the
//! lists may stand in any order.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::{
    Error, Kind, Param,
    declare::{
        arguments::Arguments,
        param::{list, map},
    },
};

/// The parameters that [`config`] reads.
pub(crate) const ADDRESSES: [Param; 4] = [
    list("Subnet")
        .title("Subnets")
        .about("The network's subnets, such as 172.30.0.0/16 or fd00:30::/64. If empty, the engine chooses.")
        .local(),
    list("IPRange")
        .title("IP Ranges")
        .about("The address ranges for containers, such as 172.30.5.0/24, one for each subnet.")
        .local(),
    list("Gateway")
        .title("Gateways")
        .about("The addresses of the gateways, such as 172.30.0.1, one for each subnet.")
        .local(),
    map("AuxiliaryAddresses")
        .open()
        .title("Reserved Addresses")
        .about("Addresses that no container gets, such as router=172.30.0.2 for another device.")
        .local(),
];

/// `IPAM.Config` of the parameters [`ADDRESSES`]; `None` where nothing is given.
pub(crate) fn config(arguments: &Arguments) -> Result<Option<Value>, Error> {
    let mut faults = Vec::new();
    let mut subnets: Vec<Subnet> = Vec::new();
    for text in texts(arguments, "Subnet") {
        match Block::read(text) {
            Some(block) if text.contains('/') => subnets.push(Subnet::new(block, text)),
            _ => faults.push(format!("Subnet must be a network such as 172.30.0.0/16, not {text:?}")),
        }
    }
    for name in ["IPRange", "Gateway"] {
        for text in texts(arguments, name) {
            let placed = place(&mut subnets, name, text).and_then(|fields| match fields.get(name) {
                Some(other) => {
                    Err(format!("{name} {text} lies in the subnet of {other}, and a subnet has one"))
                }
                None => Ok(fields.insert(name.into(), text.into())),
            });
            faults.extend(placed.err());
        }
    }
    let reserved = arguments.get("AuxiliaryAddresses").and_then(Value::as_object);
    for (host, address) in reserved.into_iter().flatten() {
        let text = address.as_str().unwrap_or_default().trim();
        match place(&mut subnets, "AuxiliaryAddresses", text) {
            Ok(fields) => {
                let addresses = fields.entry("AuxiliaryAddresses").or_insert_with(|| Map::new().into());
                addresses[host] = text.into();
            }
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Error::faults(Kind::InvalidParameters, &faults));
    }
    let config: Vec<Value> = subnets.into_iter().map(|subnet| subnet.fields.into()).collect();
    Ok((!config.is_empty()).then(|| config.into()))
}

/// A subnet, with the fields of its entry in `IPAM.Config`.
struct Subnet {
    block: Block,
    fields: Map<String, Value>,
}

impl Subnet {
    fn new(block: Block, text: &str) -> Self {
        Self { block, fields: Map::from_iter([("Subnet".to_owned(), text.into())]) }
    }
}

/// The fields of the subnet that an address or range lies in.
fn place<'a>(
    subnets: &'a mut [Subnet],
    name: &str,
    text: &str,
) -> Result<&'a mut Map<String, Value>, String> {
    let is_range = text.contains('/');
    let block = Block::read(text).filter(|_| is_range == (name == "IPRange"));
    let block = block.ok_or_else(|| match name {
        "IPRange" => format!("IPRange must be a network such as 172.30.5.0/24, not {text:?}"),
        _ => format!("{name} must be an IP address, not {text:?}"),
    })?;
    let subnet = subnets.iter_mut().find(|subnet| subnet.block.holds(&block));
    subnet
        .map(|subnet| &mut subnet.fields)
        .ok_or_else(|| format!("{name} {text} lies in none of the subnets"))
}

/// A block of addresses: those that share its first `length` bits.
struct Block {
    bits: u128,
    width: u32,
    length: u32,
}

impl Block {
    /// Reads `172.30.0.0/16`; an address alone is a block of one.
    fn read(text: &str) -> Option<Self> {
        let (address, length) =
            text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (u32::from(address).into(), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let length = length.map_or(Some(width), |length| length.parse().ok())?;
        (length <= width).then_some(Self { bits, width, length })
    }

    fn holds(&self, other: &Self) -> bool {
        let head = |block: &Self| block.bits.checked_shr(self.width - self.length).unwrap_or_default();
        self.width == other.width && self.length <= other.length && head(self) == head(other)
    }
}

fn texts<'a>(arguments: &'a Arguments, name: &str) -> impl Iterator<Item = &'a str> {
    arguments.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::run::validate::read;

    fn configured(given: &Value) -> Result<Option<Value>, Error> {
        static PARAMS: [Param; 4] = ADDRESSES;
        let mut faults = Vec::new();
        let arguments = read(&PARAMS, given.as_object().unwrap(), &mut faults);
        assert_eq!(faults, [""; 0]);
        config(&arguments)
    }

    #[test]
    fn each_address_goes_to_its_subnet() {
        let config = configured(&json!({
            "Subnet": "172.30.0.0/16, fd00:30::/64", "IPRange": "172.30.5.0/24",
            "Gateway": ["fd00:30::1", "172.30.0.1"], "AuxiliaryAddresses": "router=172.30.0.2\nnas=172.30.0.3",
        }));
        assert_eq!(
            config.unwrap().unwrap(),
            json!([
                {
                    "Subnet": "172.30.0.0/16", "IPRange": "172.30.5.0/24", "Gateway": "172.30.0.1",
                    "AuxiliaryAddresses": {"router": "172.30.0.2", "nas": "172.30.0.3"},
                },
                {"Subnet": "fd00:30::/64", "Gateway": "fd00:30::1"},
            ])
        );
        assert_eq!(configured(&json!({})).unwrap(), None);
    }

    #[test]
    fn names_every_fault() {
        let given = json!({
            "Subnet": ["172.30.0.0/16", "172.31.0.0", "10.0.0.0/33"], "IPRange": ["172.30.5.1", "10.1.0.0/24", "172.0.0.0/8"],
            "Gateway": ["172.30.0.1", "172.30.0.2", "gateway"], "AuxiliaryAddresses": {"router": "10.0.0.1"},
        });
        let error = configured(&given).unwrap_err().to_string();
        for part in [
            "such as 172.30.0.0/16, not \"172.31.0.0\"",
            "not \"10.0.0.0/33\"",
            "IPRange must be a network such as 172.30.5.0/24, not \"172.30.5.1\"",
            "IPRange 10.1.0.0/24 lies in none of the subnets",
            "IPRange 172.0.0.0/8 lies in none of the subnets",
            "Gateway 172.30.0.2 lies in the subnet of \"172.30.0.1\", and a subnet has one",
            "Gateway must be an IP address, not \"gateway\"",
            "AuxiliaryAddresses 10.0.0.1 lies in none of the subnets",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_block_holds_what_begins_like_it(address: u128, length in 0_u32..=128, other: u128) {
            let block = Block { bits: address, width: 128, length };
            let same_head = if length == 0 { true } else { address >> (128 - length) == other >> (128 - length) };
            prop_assert_eq!(block.holds(&Block { bits: other, width: 128, length: 128 }), same_head);
        }

        #[test]
        fn never_panics(text in ".*") {
            let _either = configured(&json!({"Subnet": [text.as_str()], "Gateway": [text.as_str()], "IPRange": [text]}));
        }
    }
}
