CREATE INDEX products_category_price ON products (category, price, id);
CREATE INDEX products_price ON products (price, id);
CREATE INDEX orders_product_id ON orders (product_id);
