//! Every sentence that Estampe says, in French and English
