//! What Python brings along: builtins, standard modules, and the import that a bare name implies.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::Need;

/// One module a line, of CPython 3.9 to 3.14 together; those often used bare are followed by what they hold.
static MODULES: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    include_str!("standard_library.txt")
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect()
});

/// Names that need no binding in any CPython from 3.9 on, those of modules and class bodies included.
static BUILTINS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("builtins.txt")
        .split_ascii_whitespace()
        .collect()
});

/// Whether `name` (dotted or not) is, or lies in, a module of the standard library of CPython 3.9 to 3.14.
pub fn standard_library(name: &str) -> bool {
    let top = name.split('.').next().unwrap_or(name);
    MODULES.contains_key(top)
}

/// Whether every Python from 3.9 on has the builtin `name`.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(name)
}

/// Short names by which everybody knows a package, and packages that are used under their own.
const CONVENTIONS: &[(&str, &str)] = &[
    ("go", "import plotly.graph_objects as go"),
    ("mpl", "import matplotlib as mpl"),
    ("nn", "from torch import nn"),
    ("np", "import numpy as np"),
    ("nx", "import networkx as nx"),
    ("numpy", "import numpy"),
    ("pandas", "import pandas"),
    ("pd", "import pandas as pd"),
    ("pl", "import polars as pl"),
    ("plt", "import matplotlib.pyplot as plt"),
    ("px", "import plotly.express as px"),
    ("pytest", "import pytest"),
    ("requests", "import requests"),
    ("sns", "import seaborn as sns"),
    ("tf", "import tensorflow as tf"),
    ("torch", "import torch"),
];

/// The import of a third-party package that a missing name with an attribute stands for by
/// convention: `np.array` implies `import numpy as np`.
pub fn conventional_import(need: &Need) -> Option<&'static str> {
    need.attribute.as_deref()?;
    let found = CONVENTIONS.iter().find(|(name, _)| *name == need.name);
    found.map(|&(_, import)| import)
}

/// Which use of a name shows that it is the well-known one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The name is so peculiar that any use does.
    Any,
    /// The name is an everyday word: only a call (or a decorator) does.
    Called,
}

/// Class methods by which a bare `datetime` or `date` is known to be the class, not the module.
const DATE_CLASS_METHODS: &[&str] = &[
    "combine",
    "fromisoformat",
    "fromordinal",
    "fromtimestamp",
    "now",
    "strptime",
    "today",
    "utcfromtimestamp",
    "utcnow",
];

/// Names that are usually imported *from* a module: module, sign and names on each line.
static FROM_IMPORTS: LazyLock<HashMap<&'static str, (Sign, &'static str)>> = LazyLock::new(|| {
    let mut imports = HashMap::new();
    for line in include_str!("well_known.txt").lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(module), Some(sign)) = (words.next(), words.next()) else {
            continue;
        };
        let sign = if sign == "any" {
            Sign::Any
        } else {
            Sign::Called
        };
        imports.extend(words.map(|name| (name, (sign, module))));
    }
    imports
});

/// The import statement that would supply a missing name, where the name and its use leave little doubt.
///
/// `math.sqrt` implies `import math`, `defaultdict(list)` implies `from collections import
/// defaultdict`; a name such as `queue` in `queue.append(1)` implies nothing, as the module has no `append`.
pub fn implied_import(need: &Need) -> Option<String> {
    let name = need.name.as_str();
    if let Some(attribute) = need.attribute.as_deref() {
        if MODULES
            .get(name)
            .is_some_and(|held| held.contains(attribute))
        {
            return Some(format!("import {name}"));
        }
        if matches!(name, "datetime" | "date") && DATE_CLASS_METHODS.contains(&attribute) {
            return Some(format!("from datetime import {name}"));
        }
    }
    let (sign, module) = *FROM_IMPORTS.get(name)?;
    (sign == Sign::Any || need.is_called).then(|| format!("from {module} import {name}"))
}
