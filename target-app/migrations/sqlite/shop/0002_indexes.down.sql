DROP INDEX products_category_price;
DROP INDEX products_price;
DROP INDEX orders_product_id;
