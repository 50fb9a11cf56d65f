fn main() {}
mod bundle_stock_tools;
