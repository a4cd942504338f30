//! `#[derive(Deps)]`: a struct whose every field can be injected can itself be injected.

use proc_macro::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Fields, parse_macro_input, spanned::Spanned};

/// Makes a struct with named fields injectable: each field is a dependency.
///
/// The crate that uses it knows the framework as `greenroom`.
#[proc_macro_derive(Deps)]
pub fn derive_deps(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let refuse = |what: &dyn quote::ToTokens| {
        syn::Error::new_spanned(what, "`Deps` needs a struct with named fields, each of them a dependency")
    };
    let Data::Struct(data) = &input.data else { return Err(refuse(&input.ident)) };
    let Fields::Named(fields) = &data.fields else { return Err(refuse(&input.ident)) };
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            "`Deps` structs have no parameters: services are never generic",
        ));
    }
    let name = &input.ident;
    let (idents, types): (Vec<_>, Vec<_>) =
        fields.named.iter().map(|field| (&field.ident, &field.ty)).unzip();
    // Spanned to the field's type, so that rustc points at the field that is wrong.
    let bounds = types.iter().map(|ty| quote_spanned!(ty.span()=> #ty: ::greenroom::__derive::Inject<__S>));
    let checks = types.iter().map(|ty| quote_spanned!(ty.span()=> is_service::<#ty>();));
    Ok(quote! {
        const _: fn() = || {
            fn is_service<T: ::greenroom::__derive::Inject<::greenroom::__derive::ModuleInit>>() {}
            #(#checks)*
        };
        impl<__S: ::greenroom::__derive::Site> ::greenroom::__derive::Inject<__S> for #name
        where
            #(#bounds),*
        {
            fn declare(dependencies: &mut ::std::vec::Vec<::greenroom::__derive::Dependency>) {
                #(<#types as ::greenroom::__derive::Inject<__S>>::declare(dependencies);)*
            }
            fn resolve(from: &::greenroom::__derive::Resolved) -> Self {
                Self { #(#idents: <#types as ::greenroom::__derive::Inject<__S>>::resolve(from)),* }
            }
        }
    })
}
