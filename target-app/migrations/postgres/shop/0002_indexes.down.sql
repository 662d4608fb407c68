ALTER TABLE orders DROP CONSTRAINT orders_product_id_fkey;

DROP INDEX orders_product_id;
DROP INDEX products_price;
DROP INDEX products_category_price;

ALTER TABLE orders DROP CONSTRAINT orders_pkey;
ALTER TABLE products DROP CONSTRAINT products_pkey;
