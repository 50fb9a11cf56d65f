//! Puts a bundle's frame together once every member's size and hashes are known: the manifest with
//! its offsets, HEAD, the signature, `01-MANIFEST.sha256` and the padding. After that the tar can be
//! written in one pass.
//!
//! Offsets depend on the manifest's own length and HEAD's, and those on the offsets' digits. All of
//! it only grows with its inputs, so starting from nothing it settles on the least fixed point.

use sha2::{Digest, Sha256};

use super::{BundleError, Head, Manifest, limits, names, pad, sshsig, tar};
use crate::identity::Signer;

/// Everything of a bundle but the members' bytes.
#[derive(Debug, Clone)]
pub struct Composed {
    /// HEAD with the manifest's hash and size.
    pub head: Head,
    /// `00-HEAD`.
    pub head_bytes: Vec<u8>,
    /// `00-HEAD.sig`.
    pub signature: Vec<u8>,
    /// With offsets.
    pub manifest: Manifest,
    /// `01-MANIFEST.cbor`.
    pub manifest_bytes: Vec<u8>,
    /// `01-MANIFEST.sha256`.
    pub sums: Vec<u8>,
    /// Bytes of zeros in `99-PAD`.
    pub zeros: u64,
    /// Bytes of the whole tar.
    pub total: u64,
}

impl Composed {
    /// sha256 of HEAD: what the next bundle names as `previous`.
    pub fn head_sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.head_bytes).into()
    }
}

/// Where the first listed member's header stands, given the sizes of the four members before it.
pub fn start(head: u64, signature: u64, manifest: u64, sums: u64) -> u64 {
    let sizes = [head, signature, manifest, sums];
    sizes
        .iter()
        .map(|&size| tar::BLOCK + tar::padded(size))
        .sum()
}

/// Composes; `head`'s manifest fields and `manifest`'s offsets are overwritten. Errors if the result
/// would not be taken by a reader: a rule of the manifest or of HEAD is broken.
pub fn compose(
    mut head: Head,
    mut manifest: Manifest,
    signer: &dyn Signer,
) -> Result<Composed, BundleError> {
    manifest.check()?;
    let sums = manifest.sums();
    let signature_size = sshsig::sign(b"", signer).encode().len() as u64;
    head.manifest_size = 0;
    let (mut head_size, mut manifest_size) = (0, 0);
    let (manifest_bytes, head_bytes, end) = loop {
        let start = start(head_size, signature_size, manifest_size, sums.len() as u64);
        let end = manifest.place(start);
        let manifest_bytes = manifest.encode();
        head.manifest_size = manifest_bytes.len() as u64;
        head.manifest_sha256 = Sha256::digest(&manifest_bytes).into();
        let head_bytes = head.encode();
        let sizes = (head_bytes.len() as u64, manifest_bytes.len() as u64);
        if sizes == (head_size, manifest_size) {
            break (manifest_bytes, head_bytes, end);
        }
        (head_size, manifest_size) = sizes;
    };
    if manifest_size > limits::MANIFEST_BYTES {
        return Err(BundleError::Manifest("larger than 16 MiB"));
    }
    // What a reader would refuse is not signed.
    Head::decode(&head_bytes)?;
    let signature = sshsig::sign(&head_bytes, signer).encode();
    let zeros = pad::zeros(end);
    Ok(Composed {
        head,
        head_bytes,
        signature,
        manifest,
        manifest_bytes,
        sums,
        zeros,
        total: end + zeros + 3 * tar::BLOCK,
    })
}

impl Composed {
    /// Writes the four members before the listed ones.
    pub fn write_front<W: std::io::Write>(&self, tar: &mut tar::Writer<W>) -> std::io::Result<()> {
        tar.member(names::HEAD, &self.head_bytes)?;
        tar.member(names::SIGNATURE, &self.signature)?;
        tar.member(names::MANIFEST, &self.manifest_bytes)?;
        tar.member(names::SUMS, &self.sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::testing::Key;
    use crate::bundle::{head, manifest};

    #[test]
    fn what_is_composed_stands_where_it_says() {
        let composed = compose(
            head::tests::sample(),
            manifest::tests::sample(),
            &Key::new(1),
        )
        .unwrap();
        let mut writer = tar::Writer::new(Vec::new());
        composed.write_front(&mut writer).unwrap();
        let read = Manifest::decode(&composed.manifest_bytes).unwrap();
        let end = read.placed(tar::padded(writer.position())).unwrap();
        assert_eq!(end + composed.zeros + 1536, composed.total);
        assert_eq!(pad::bucket(composed.total), composed.total);
        assert_eq!(Head::decode(&composed.head_bytes).unwrap(), composed.head);
        assert_eq!(
            composed.head.manifest_size,
            composed.manifest_bytes.len() as u64
        );
        let sig = sshsig::SshSig::decode(&composed.signature).unwrap();
        sig.verify(&composed.head_bytes).unwrap();
    }

    #[test]
    fn what_no_reader_would_take_is_not_signed() {
        let mut head = head::tests::sample();
        head.recipients.clear();
        assert!(compose(head, Manifest::default(), &Key::new(1)).is_err());
        let mut manifest = manifest::tests::sample();
        manifest.entries[0].unit = 5;
        assert!(compose(head::tests::sample(), manifest, &Key::new(1)).is_err());
    }
}
