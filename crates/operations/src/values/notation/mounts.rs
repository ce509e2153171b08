//! Mounts of a service: `type=volume,source=data,target=/data,readonly` (`docker service create --mount`).

use serde_json::{Map, Value, json};

use super::{
    fields::{are_fields, fields},
    items, parsed,
};
use crate::values::flag;

/// The API's `Mounts`.
pub(super) fn mounts(value: &Value) -> Result<Value, String> {
    let mounts = items(parsed(value)?).into_iter().map(|item| match item {
        Value::Object(mount) => Ok(mount.into()),
        Value::String(line) if are_fields(&line) => mount(&line),
        _ => Err(expected("")),
    });
    mounts.collect()
}

fn mount(line: &str) -> Result<Value, String> {
    let mut mount = json!({"Type": "volume"});
    for (name, value) in fields(line)? {
        let given = value.as_deref();
        let text = || given.map(Value::from).ok_or_else(|| expected(&format!(", and {name} needs a value")));
        let on = || given.map_or(Ok(true.into()), |value| flag(&value.into()));
        match name.as_str() {
            "type" => mount["Type"] = text()?,
            "source" | "src" => mount["Source"] = text()?,
            "target" | "dst" | "destination" => mount["Target"] = text()?,
            "readonly" | "ro" => mount["ReadOnly"] = on()?,
            "consistency" => mount["Consistency"] = text()?,
            "bind-propagation" => mount["BindOptions"]["Propagation"] = text()?,
            "bind-nonrecursive" => mount["BindOptions"]["NonRecursive"] = on()?,
            "bind-create-src" => mount["BindOptions"]["CreateMountpoint"] = on()?,
            "volume-nocopy" => mount["VolumeOptions"]["NoCopy"] = on()?,
            "volume-subpath" => mount["VolumeOptions"]["Subpath"] = text()?,
            "volume-driver" => mount["VolumeOptions"]["DriverConfig"]["Name"] = text()?,
            "volume-opt" => pair(&mut mount["VolumeOptions"]["DriverConfig"]["Options"], given)?,
            "volume-label" => pair(&mut mount["VolumeOptions"]["Labels"], given)?,
            "image-subpath" => mount["ImageOptions"]["Subpath"] = text()?,
            "tmpfs-size" => mount["TmpfsOptions"]["SizeBytes"] = text()?,
            "tmpfs-mode" => mount["TmpfsOptions"]["Mode"] = octal(given.unwrap_or_default())?,
            other => return Err(expected(&format!(", and {other:?} is no field of one"))),
        }
    }
    match mount["Target"].as_str() {
        Some(_) => Ok(mount),
        None => Err(expected(", each with a target")),
    }
}

/// Adds `name=value` to a map.
fn pair(map: &mut Value, written: Option<&str>) -> Result<(), String> {
    let written = written.ok_or_else(|| expected(", where options and labels are name=value"))?;
    let (name, value) = written.split_once('=').unwrap_or((written, ""));
    if map.is_null() {
        *map = Map::new().into();
    }
    map[name] = value.into();
    Ok(())
}

/// File permissions: octal digits, as people write them.
pub(super) fn octal(text: &str) -> Result<Value, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match u32::from_str_radix(digits, 8) {
        Ok(mode) => Ok(mode.into()),
        Err(_) => Err(format!("a line whose mode is octal, such as 0440, and not {text:?}")),
    }
}

fn expected(why: &str) -> String {
    format!("mounts, one a line, such as type=volume,source=data,target=/data, or a JSON list{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_command_line_has() {
        let written = "type=volume,source=data,dst=/data,ro,volume-nocopy,volume-label=a=1,volume-driver=local,volume-opt=type=tmpfs\n\
                       type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770\ntype=bind,src=/tmp,target=/host,readonly=false,bind-propagation=rprivate";
        assert_eq!(
            mounts(&json!(written)),
            Ok(json!([
                {
                    "Type": "volume", "Source": "data", "Target": "/data", "ReadOnly": true,
                    "VolumeOptions": {
                        "NoCopy": true, "Labels": {"a": "1"},
                        "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs"}},
                    },
                },
                {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": "64m", "Mode": 0o1770}},
                {
                    "Type": "bind", "Source": "/tmp", "Target": "/host", "ReadOnly": false,
                    "BindOptions": {"Propagation": "rprivate"},
                },
            ]))
        );
        let api = json!([{"Type": "volume", "Target": "/data"}]);
        assert_eq!(mounts(&api), Ok(api.clone()));
        assert_eq!(mounts(&json!(api.to_string())), Ok(api));
        for wrong in ["data:/data", "type=bind,source=/x", "target=/x,color=red", "target=/x,tmpfs-mode=9"] {
            assert!(mounts(&json!(wrong)).is_err(), "{wrong}");
        }
    }
}
