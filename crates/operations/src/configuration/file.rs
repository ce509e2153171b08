//! Fields that hold a certificate or a key.

use crate::Services;

/// The contents of a file field: PEM text as it is, a file of FortiSOAR, or a path.
pub(super) fn contents(file: &str, services: &dyn Services) -> Result<Vec<u8>, String> {
    /// No path of a file is longer on a line of its own. What is may be a key without its first line: it is not repeated.
    const LONGEST_PATH: usize = 255;
    let file = file.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // A template may write each dash for HTML.
    if file.contains("-----BEGIN") || file.contains("&#45;BEGIN") || file.contains("&#x2D;BEGIN") {
        return Ok(file.as_bytes().to_vec());
    }
    if file.starts_with("/api/3/") {
        return services.read(file).map_err(|error| format!("cannot be read from FortiSOAR: {error}"));
    }
    if !file.starts_with('/') || file.contains('\n') || file.len() > LONGEST_PATH {
        return Err(
            "is neither PEM text (-----BEGIN ...), nor a file of FortiSOAR, nor an absolute path".into()
        );
    }
    std::fs::read(file).map_err(|error| format!("{file:?} cannot be read: {error}"))
}
