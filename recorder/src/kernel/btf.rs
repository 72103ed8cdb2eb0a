//! Questions to the running kernel's BTF: where is this field, what is the number of that name. Answers only; what they are for is
//! `layout`'s business.

use std::path::Path;

use btf_rs::{Backend, Btf, BtfType, Type};

/// Where the kernel publishes its BTF.
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The kernel's type information cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BtfError {
    /// The kernel was built without it.
    #[error(
        "this kernel publishes no BTF at {VMLINUX}: recording needs a kernel built with CONFIG_DEBUG_INFO_BTF (Debian's are, from 11 on)"
    )]
    Missing,
    /// It is there and cannot be read.
    #[error("reading the kernel's BTF: {0}")]
    Unreadable(#[from] btf_rs::Error),
    /// A field that recording cannot do without is not there.
    #[error(
        "this kernel has no field `{0}` that we know of: it is older or newer than the kernels we record on (5.10 to 7.x)"
    )]
    NoField(String),
    /// Two different structures go by the name.
    #[error("this kernel's BTF has several structures called `{0}`: refusing to guess")]
    Ambiguous(String),
}

/// A field's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Bytes from the start of the outermost structure.
    pub(super) offset: u32,
    /// Size in bytes; 0 when it has none that matters.
    pub(super) size: u32,
    type_id: u32,
}

/// The kernel's types.
pub(super) struct KernelTypes(Btf);

impl KernelTypes {
    /// Maps the running kernel's BTF.
    pub(super) fn open() -> Result<Self, BtfError> {
        if !Path::new(VMLINUX).exists() {
            return Err(BtfError::Missing);
        }
        // sysfs of older kernels cannot be mapped; parsing is the fallback.
        let btf = Btf::from_file_with_backend(VMLINUX, Backend::Mmap)
            .or_else(|_| Btf::from_file(VMLINUX))?;
        Ok(Self(btf))
    }

    /// The place of `path` (names joined by dots, an index as `[n]`) in a structure; `None` where there is no such field.
    pub(super) fn field(&self, structure: &str, path: &str) -> Result<Option<Field>, BtfError> {
        let Some(type_id) = self.structure_id(structure)? else {
            return Ok(None);
        };
        let mut field = Field {
            offset: 0,
            size: 0,
            type_id,
        };
        for step in path.split('.') {
            let (name, index) = match step.split_once('[') {
                Some((name, index)) => (name, index.trim_end_matches(']').parse::<u32>().ok()),
                None => (step, None),
            };
            let Some((offset, type_id)) = self.member(field.type_id, name)? else {
                return Ok(None);
            };
            field = Field {
                offset: field.offset + offset,
                size: 0,
                type_id,
            };
            if let Some(index) = index {
                let Some((size, element)) = self.element(field.type_id)? else {
                    return Ok(None);
                };
                field = Field {
                    offset: field.offset + index * size,
                    size: 0,
                    type_id: element,
                };
            }
        }
        field.size = self.size(field.type_id)?;
        Ok(Some(field))
    }

    /// Size of a structure.
    pub(super) fn structure_size(&self, structure: &str) -> Result<Option<u32>, BtfError> {
        self.structure_id(structure)?
            .map(|id| self.size(id))
            .transpose()
    }

    /// BTF id of a structure.
    pub(super) fn structure_id(&self, name: &str) -> Result<Option<u32>, BtfError> {
        let mut found = None;
        for id in self.0.resolve_ids_by_name(name).unwrap_or_default() {
            if matches!(self.0.resolve_type_by_id(id)?, Type::Struct(_))
                && found.replace(id).is_some()
            {
                return Err(BtfError::Ambiguous(name.into()));
            }
        }
        Ok(found)
    }

    /// BTF id of a kernel function.
    pub(super) fn function_id(&self, name: &str) -> Result<Option<u32>, BtfError> {
        for id in self.0.resolve_ids_by_name(name).unwrap_or_default() {
            if matches!(self.0.resolve_type_by_id(id)?, Type::Func(_)) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Number of arguments a tracepoint hands to its programs.
    pub(super) fn tracepoint_arguments(&self, name: &str) -> Result<Option<usize>, BtfError> {
        for id in self
            .0
            .resolve_ids_by_name(&format!("btf_trace_{name}"))
            .unwrap_or_default()
        {
            let mut kind = self.0.resolve_type_by_id(id)?;
            while let Some(next) = kind.as_btf_type().and_then(BtfType::get_type_id) {
                kind = self.0.resolve_type_by_id(next)?;
                if let Type::FuncProto(proto) = &kind {
                    // The first parameter is the probe's own data.
                    return Ok(Some(proto.parameters.len().saturating_sub(1)));
                }
            }
        }
        Ok(None)
    }

    /// Value of an enumerator.
    pub(super) fn enumerator(
        &self,
        enumeration: &str,
        name: &str,
    ) -> Result<Option<u32>, BtfError> {
        for id in self.0.resolve_ids_by_name(enumeration).unwrap_or_default() {
            if let Type::Enum(kind) = self.0.resolve_type_by_id(id)? {
                for member in &kind.members {
                    if self.0.resolve_name(member)? == name {
                        return Ok(Some(member.val()));
                    }
                }
            }
        }
        Ok(None)
    }

    /// A member by name, looking into unnamed structures and unions.
    fn member(&self, type_id: u32, name: &str) -> Result<Option<(u32, u32)>, BtfError> {
        let members = match self.plain(type_id)?.1 {
            Type::Struct(kind) | Type::Union(kind) => kind.members,
            _ => return Ok(None),
        };
        for member in &members {
            let Some(inner) = member.get_type_id() else {
                continue;
            };
            let bit_offset = member.bit_offset();
            let own = self.0.resolve_name(member)?;
            if own == name && bit_offset % 8 == 0 && member.bitfield_size().unwrap_or(0) == 0 {
                return Ok(Some((bit_offset / 8, inner)));
            }
            if own.is_empty()
                && let Some((offset, id)) = self.member(inner, name)?
            {
                return Ok(Some((bit_offset / 8 + offset, id)));
            }
        }
        Ok(None)
    }

    fn element(&self, type_id: u32) -> Result<Option<(u32, u32)>, BtfError> {
        match self.plain(type_id)?.1 {
            Type::Array(array) => match array.get_type_id() {
                Some(id) => Ok(Some((self.size(id)?, id))),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn size(&self, type_id: u32) -> Result<u32, BtfError> {
        Ok(match self.plain(type_id)?.1 {
            Type::Int(kind) => kind.size() as u32,
            Type::Ptr(_) => 8,
            Type::Struct(kind) | Type::Union(kind) => kind.size() as u32,
            Type::Enum(kind) => kind.size() as u32,
            Type::Array(array) => match array.get_type_id() {
                Some(id) => self.size(id)? * array.len() as u32,
                None => 0,
            },
            _ => 0,
        })
    }

    /// Sees through typedefs and qualifiers.
    fn plain(&self, mut type_id: u32) -> Result<(u32, Type), BtfError> {
        loop {
            let kind = self.0.resolve_type_by_id(type_id)?;
            match &kind {
                Type::Typedef(_)
                | Type::Volatile(_)
                | Type::Const(_)
                | Type::Restrict(_)
                | Type::TypeTag(_)
                | Type::DeclTag(_) => match kind.as_btf_type().and_then(BtfType::get_type_id) {
                    Some(next) => type_id = next,
                    None => return Ok((type_id, kind)),
                },
                _ => return Ok((type_id, kind)),
            }
        }
    }
}
