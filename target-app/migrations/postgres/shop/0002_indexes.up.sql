ALTER TABLE products ADD CONSTRAINT products_pkey PRIMARY KEY (id);
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

CREATE INDEX products_category_price ON products (category, price, id);
CREATE INDEX products_price ON products (price, id);
CREATE INDEX orders_product_id ON orders (product_id);

ALTER TABLE orders ADD CONSTRAINT orders_product_id_fkey
    FOREIGN KEY (product_id) REFERENCES products (id);
